/**
 * The daemon as a process of its own: `node daemon-process.ts config.yaml`, with `TANDEM_CRASH_AT` as in `crash-points.ts`.
 * What it says goes to stdout, one line each. Ends as `tandem run` does: 0 when it was told to stop, 2 when it cannot run.
 */
import { readSetup } from '../../src/app.ts'
import { describeFailure } from '../../src/daemon/describe-failure.ts'
import { runDaemon } from '../../src/daemon.ts'

const stopping = new AbortController()
process.once('SIGTERM', () => stopping.abort())

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

try {
  await runDaemon({
    setup: readSetup(process.argv[2] ?? '', {}),
    emit: ({ kind, side, odooId, externalId, message }) =>
      say(JSON.stringify({ kind, side, odooId, externalId, message })),
    log: (level, message) => say(`${level} ${message}`),
    crashAt: process.env.TANDEM_CRASH_AT,
    signal: stopping.signal,
  })
  process.exitCode = 0
} catch (error) {
  say(`fatal ${describeFailure(error)}`)
  process.exitCode = 2
}
