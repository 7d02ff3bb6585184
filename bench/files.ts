/**
 * `node bench/files.ts [--lines n] [--kill] [--program file]`: a CSV file of a million lines into a table of SQLite, by `tandem
 * sync` in a process of its own, so that only Tandem is measured. With `--kill`, the process is killed again and again on
 * its way. `--program` names another main.js, such as that of the built package.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import Database from 'better-sqlite3'

const LIMIT_MB = 200
const DOUBT_PAUSE_MS = 2000
/** After so long, and then after twice as long, and so on: each time it gets further. */
const FIRST_KILL_MS = 6000

const { values } = parseArgs({
  options: {
    lines: { type: 'string', default: '1000000' },
    kill: { type: 'boolean', default: false },
    program: { type: 'string', default: fileURLToPath(new URL('../src/main.ts', import.meta.url)) },
  },
})
process.exitCode = await main(Number(values.lines), values.kill, resolve(values.program))

async function main(lines: number, kills: boolean, program: string): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'tandem-bench-files-'))
  try {
    await writeFiles(folder, lines)
    const startedAt = performance.now()
    let peakMb = 0
    let killed = 0
    for (
      let killAfterMs = kills ? FIRST_KILL_MS : null;
      ;
      killAfterMs = killAfterMs === null ? null : killAfterMs * 2
    ) {
      const run = await sync(folder, program, killAfterMs)
      peakMb = Math.max(peakMb, run.peakMb)
      if (run.code === 0) break
      if (run.wasKilled) killed += 1
      // What was being written at the kill is in doubt until its grace is over: it is left for a later run.
      else if (run.code === 1 && killed > 0) await sleep(DOUBT_PAUSE_MS)
      else throw new Error(`tandem sync ended with ${run.code}`)
    }
    const seconds = (performance.now() - startedAt) / 1000
    const { n, sum } = countRows(folder)
    const isWhole = n === lines && sum === (lines * (lines + 1)) / 2
    const ok = isWhole && peakMb < LIMIT_MB
    const text = `${lines} lines in ${seconds.toFixed(1)} s, killed ${killed} times; peak ${peakMb.toFixed(0)} MB (limit ${LIMIT_MB}); ${isWhole ? 'each row is there once' : `WRONG: ${n} rows`}`
    console.log(text)
    return ok ? 0 : 1
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function writeFiles(folder: string, lines: number): Promise<void> {
  for (const name of ['in', 'mappings']) mkdirSync(join(folder, name))
  const out = createWriteStream(join(folder, 'in', 'customers.csv'))
  out.write('code;full_name;email;city;price;stock\n')
  for (let n = 1; n <= lines; n++) {
    const line = `C${n};"Name ${n}";mail${n}@example.com;City ${n % 100};${n % 1000},50;${n}\n`
    if (!out.write(line)) await once(out, 'drain')
  }
  out.end()
  await once(out, 'finish')
  const erp = new Database(join(folder, 'erp.db'))
  erp.pragma('journal_mode = WAL')
  erp.exec(
    'create table partners (id integer primary key, ref text unique, name text, email text, city text, price real, stock integer)',
  )
  erp.close()
  writeFileSync(
    join(folder, 'config.yaml'),
    `ledger: { file: ./tandem.db }
connections:
  erp: { type: sqlite, file: ./erp.db }
  drop:
    type: files
    folder: .
    collections:
      customers:
        csv: { delimiter: ";" }
        columns: { price: { type: decimal, decimal: "," }, stock: { type: integer } }
        in: { folder: in, files: "*.csv", complete: rename, content: everything }
`,
  )
  writeFileSync(
    join(folder, 'mappings', 'customers.yaml'),
    `mapping: customers
odoo: { connection: erp, collection: { table: partners, capture: none }, key: ref }
external: { connection: drop, collection: customers, key: code }
direction: to-odoo
fields:
  - { odoo: name, external: full_name }
  - email
  - city
  - price
  - stock
deletes: { from_odoo: ignore, from_external: ignore }
`,
  )
}

interface Run {
  readonly code: number | null
  readonly wasKilled: boolean
  readonly peakMb: number
}

async function sync(folder: string, program: string, killAfterMs: number | null): Promise<Run> {
  const args = [program, 'sync', '--config', join(folder, 'config.yaml')]
  const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] })
  const ended = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>
  let peakMb = 0
  let isRunning = true
  void ended.then(() => {
    isRunning = false
  })
  const startedAt = performance.now()
  while (isRunning) {
    peakMb = Math.max(peakMb, peakOf(child.pid ?? 0))
    if (killAfterMs !== null && performance.now() - startedAt > killAfterMs) child.kill('SIGKILL')
    await sleep(100)
  }
  const [code, signal] = await ended
  return { code, wasKilled: signal === 'SIGKILL', peakMb }
}

/** The most resident memory that a process ever had. */
function peakOf(pid: number): number {
  try {
    return Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024
  } catch {
    return 0
  }
}

function countRows(folder: string): { readonly n: number; readonly sum: number } {
  const erp = new Database(join(folder, 'erp.db'), { readonly: true })
  const row = erp.prepare<[], { n: number; sum: number }>('select count(*) as n, sum(stock) as sum from partners').get()
  erp.close()
  return row ?? { n: 0, sum: 0 }
}
