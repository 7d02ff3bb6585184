/** `tandem init` against a real Odoo and a real PostgreSQL: by options, and by questions at a real terminal. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { realEnvironment } from './environment.ts'
import { initWithoutQuestions } from './init-command.ts'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const { odooUrl, odooDatabase, odooApiKey, postgresUrl } = realEnvironment()

let folder: string
let shop: pg.Client
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tandem-init-'))
  shop = new pg.Client({ connectionString: postgresUrl })
  await shop.connect()
  await shop.query('CREATE SCHEMA init')
  await shop.query(`CREATE TABLE init.clients (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, code text UNIQUE,
    full_name text NOT NULL, e_mail text, telephone text, postal_code text, town text, country char(2),
    loyalty integer, archived boolean NOT NULL DEFAULT false)`)
  await shop.query(
    `INSERT INTO init.clients (code, full_name, e_mail, country) VALUES ('I-1', 'Ina Berg', 'ina@init.example', 'DE')`,
  )
})
afterEach(async () => {
  await shop.query('DROP SCHEMA init CASCADE')
  await shop.end()
  rmSync(folder, { recursive: true, force: true })
})

const read = (file: string): string => readFileSync(join(folder, file), 'utf8')

function expectMapping(): void {
  const mapping = read('mappings/clients.yaml')
  for (const pair of [
    'name, external: full_name',
    'email, external: e_mail',
    'phone, external: telephone',
    'zip, external: postal_code',
  ])
    expect(mapping).toContain(`- { odoo: ${pair} }`)
  expect(mapping).toContain('- { odoo: country_id, external: country, lookup: { model: res.country, by: code } }')
  expect(mapping).toContain('archive: { column: archived, value: true }')
  expect(mapping).toContain('domain: [[partner_share, "=", true]]')
}

describe('init against real systems', () => {
  it('needs no question where options say everything', async () => {
    const ended = await initWithoutQuestions(folder, {
      type: 'postgres',
      url: postgresUrl,
      collection: 'init.clients',
    })
    expect(ended.stdout, ended.stderr).toContain('✓ clients: res.partner ↔ init.clients')
    expect(ended.stdout).toMatch(/\+ clients I-1 \(odoo ← external 1\): .*ina@init\.example/)
    expect(ended.code, ended.stdout).toBe(0)
    expectMapping()
    expect(read('config.yaml')).not.toContain(odooApiKey)
    expect(existsSync(join(folder, 'secrets'))).toBe(false)
  })

  it('asks a person at a terminal, who types little', async () => {
    const answered = await atTerminal([
      [/Where is Odoo\?/, `${odooUrl}\r`],
      [/Which database\?/, `${odooDatabase}\r`],
      [/Which login\?/, '\r'],
      [/The API key/, `${odooApiKey}\r`],
      [/Which records of erp\?/, '\r'],
      [/What is on the other side\?/, '\r'],
      [/Where is it\?/, `${postgresUrl}\r`],
      [/Which records of shop\?/, 'init.cl\r'],
      [/Which field of Odoo names/, '\r'],
      [/And which one there\?/, '\r'],
      [/Which of these correspond\?/, '\r'],
      [/Where do changes flow\?/, '\r'],
    ])
    expect(answered.text).toContain('clients: res.partner ↔ init.clients')
    expect(answered.code, answered.text).toBe(0)
    expect(answered.text).not.toContain(odooApiKey)
    expectMapping()
    expect(read('secrets/erp_api_key')).toBe(`${odooApiKey}\n`)
    expect(statSync(join(folder, 'secrets/erp_api_key')).mode & 0o777).toBe(0o600)
  })
})

/** Runs init on a pseudo terminal (util-linux's script makes one) and types each answer once its question is there. */
async function atTerminal(
  dialogue: readonly (readonly [RegExp, string])[],
): Promise<{ code: number | null; text: string }> {
  const command = `stty cols 120 rows 40; exec "${process.execPath}" "${MAIN}" init`
  const child = spawn('script', ['-qefc', command, '/dev/null'], {
    cwd: folder,
    env: { PATH: process.env.PATH ?? '', TERM: 'xterm', SHELL: '/bin/sh' },
  })
  let text = ''
  let from = 0
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (part: string) => (text += part))
  const ended = once(child, 'close') as Promise<[number | null]>
  for (const [question, answer] of dialogue) {
    const deadlineMs = Date.now() + 60_000
    while (!question.test(text.slice(from))) {
      if (child.exitCode !== null || Date.now() > deadlineMs) throw new Error(`${question} did not come:\n${text}`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    from = text.length
    for (const key of answer) {
      child.stdin.write(key)
      await new Promise((resolve) => setTimeout(resolve, key === '\r' ? 0 : 3))
    }
  }
  const [code] = await ended
  return { code, text: stripVTControlCharacters(text) }
}
