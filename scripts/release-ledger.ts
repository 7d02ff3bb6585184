/**
 * Keeps a ledger as this version writes it, for the tests of every later one: `node scripts/release-ledger.ts`, once for
 * each release. `--again` replaces what this version has already.
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import Database from 'better-sqlite3'
import { MIGRATIONS } from '../src/ledger/sqlite/migrations/all.ts'
import { openSqliteLedger } from '../src/ledger/sqlite/open.ts'
import { PROGRAM, VERSION } from '../src/version.ts'
import { fillLedger } from '../test/ledger/released/fill.ts'
import { readAll } from '../test/ledger/released/read-all.ts'

const place = (name: string): string => fileURLToPath(new URL(`../test/ledger/released/${name}`, import.meta.url))
const kept = place(`${VERSION}.db.gz`)

if (existsSync(kept) && !process.argv.includes('--again')) {
  process.stderr.write(`${VERSION} has its ledger. A new release has another version in package.json.\n`)
  process.exit(2)
}

const folder = mkdtempSync(join(tmpdir(), 'tandem-released-'))
try {
  const file = join(folder, 'tandem.db')
  const ledger = await openSqliteLedger({ file, program: PROGRAM })
  await fillLedger(ledger)
  const said = await readAll(ledger)
  await ledger[Symbol.asyncDispose]()
  refuseEmptyTables(file)
  writeFileSync(kept, gzipSync(readFileSync(file), { level: 9 }))
  writeFileSync(place(`${VERSION}.json`), `${JSON.stringify(said, null, 2)}\n`)
  freezeMigrations(place('migrations.json'))
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/** A table that nothing is in says nothing about the update. */
function refuseEmptyTables(file: string): void {
  const db = new Database(file)
  db.pragma('wal_checkpoint(TRUNCATE)')
  // One file, without a journal beside it.
  db.pragma('journal_mode = DELETE')
  const tables = db
    .prepare<[], { name: string }>("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    .all()
  const empty = tables.filter(({ name }) => db.prepare(`SELECT 1 FROM "${name}" LIMIT 1`).get() === undefined)
  db.exec('VACUUM')
  db.close()
  if (empty.length > 0) {
    throw new Error(
      `nothing is in ${empty.map(({ name }) => name).join(', ')}: let test/ledger/released/fill.ts write it`,
    )
  }
}

/** The digest of each migration, and the version that released it first. */
function freezeMigrations(file: string): void {
  const known = existsSync(file)
    ? (JSON.parse(readFileSync(file, 'utf8')) as { release: string; sha256: string }[])
    : []
  const frozen = MIGRATIONS.map((text, at) => {
    const before = known[at]
    const sha256 = createHash('sha256').update(text).digest('hex')
    return before && before.release !== VERSION ? before : { release: VERSION, sha256 }
  })
  writeFileSync(file, `${JSON.stringify(frozen, null, 2)}\n`)
}
