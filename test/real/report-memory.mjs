// Preloaded into a process whose memory a test looks at: says as it ends how much it had at its peak. Of its own memory
// only: what `getrusage` tells includes that of the process that started it.
import { readFileSync } from 'node:fs'

process.on('exit', () => {
  const [, kilobytes] = /VmHWM:\s*(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
  console.error(`peak memory ${kilobytes} kB`)
})
