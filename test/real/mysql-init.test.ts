/** `tandem init` between a real Odoo and a real MariaDB, and the sync that follows it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { runProgram } from '../cli/program.ts'
import { realEnvironment } from './environment.ts'
import { initEnvironment, initWithoutQuestions } from './init-command.ts'
import { hasMysql, mysqlBench } from './mysql-bench.ts'

const CLIENTS = `create table clients (
  id bigint auto_increment primary key, code varchar(40) unique, full_name varchar(200) not null, e_mail varchar(200),
  telephone varchar(40), town varchar(100), country char(2), archived boolean not null default false)`

it.skipIf(!hasMysql)('init proposes a mapping for a table of MariaDB that syncs as it stands', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tandem-init-mysql-'))
  const bench = await mysqlBench()
  try {
    await bench.person.query(CLIENTS)
    await bench.person.query(
      "insert into clients (code, full_name, e_mail, country) values ('IM-1', 'Ina Berg', 'ina@mysql.example', 'DE')",
    )
    const other = { type: 'mysql', url: bench.url, collection: 'clients' } as const
    const env = initEnvironment(other)
    const ended = await initWithoutQuestions(folder, other)
    expect(ended.stdout, ended.stderr).toContain('✓ clients: res.partner ↔ ')
    expect(ended.stdout).toMatch(/\+ clients IM-1 \(odoo ← external 1\): .*ina@mysql\.example/)
    expect(ended.code, ended.stdout).toBe(0)
    expect(readFileSync(join(folder, 'mappings/clients.yaml'), 'utf8')).toContain(
      '- { odoo: name, external: full_name }',
    )
    const config = readFileSync(join(folder, 'config.yaml'), 'utf8')
    expect(config).toContain('type: mysql')
    expect(config).not.toContain(realEnvironment().odooApiKey)

    // Only her: what other tests left in the same Odoo is theirs.
    const mapping = join(folder, 'mappings/clients.yaml')
    const everybody = '[[partner_share, "=", true]]'
    expect(readFileSync(mapping, 'utf8')).toContain(everybody)
    writeFileSync(mapping, readFileSync(mapping, 'utf8').replace(everybody, '[[email, "=", "ina@mysql.example"]]'))
    const synced = await runProgram(folder, ['sync'], env)
    expect(synced.code, synced.stdout + synced.stderr).toBe(0)
    const verified = await runProgram(folder, ['verify', 'clients'], env)
    expect(verified.code, verified.stdout + verified.stderr).toBe(0)
    const again = await runProgram(folder, ['sync'], env)
    expect(again.stdout).toMatch(/clients: .*(nothing|0 from)/i)
  } finally {
    await bench.tearDown()
    rmSync(folder, { recursive: true, force: true })
  }
})
