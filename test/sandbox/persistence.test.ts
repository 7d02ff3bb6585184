import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { request } from 'undici'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startSandboxOdoo } from '../../src/sandbox/odoo/start-sandbox-odoo.ts'

const PARTNER = 'res.partner'

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tandem-sandbox-'))
  file = join(folder, 'odoo.db')
})
afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

interface Announcement {
  readonly url: string
  readonly apiKey: string
}

async function launch(): Promise<{ child: ChildProcess; announced: Announcement }> {
  const child = spawn(process.execPath, ['src/sandbox/odoo/main.ts', '--port', '0', '--file', file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (!child.stdout) throw new Error('the process has no output')
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
  return { child, announced: JSON.parse(line) as Announcement }
}

async function call({ url, apiKey }: Announcement, method: string, body: object): Promise<unknown> {
  const { body: answer } = await request(`${url}/json/2/${PARTNER}/${method}`, {
    method: 'POST',
    headers: { authorization: `bearer ${apiKey}` },
    body: JSON.stringify(body),
  })
  return answer.json()
}

describe('a stand-in with a file', () => {
  it('keeps rows, values and times over a restart, and gives no id out twice', async () => {
    const first = await startSandboxOdoo({ file })
    const bot = first.as('bot')
    const [tag = 0] = bot.create('res.partner.category', [{ name: 'Kept' }])
    const [kept = 0, gone = 0] = bot.create(PARTNER, [
      { name: 'Kept', comment: 'hi', category_id: [tag] },
      { name: 'Gone' },
    ])
    bot.unlink(PARTNER, [gone])
    const before = bot.read(PARTNER, [kept])
    await first.close()

    const second = await startSandboxOdoo({ file })
    expect(second.as('bot').read(PARTNER, [kept])).toEqual(before)
    expect(second.as('bot').read(PARTNER, [gone])).toEqual([])
    expect(second.as('bot').create(PARTNER, [{ name: 'Next' }])).toEqual([gone + 1])
    expect(second.as('bot').search('res.country', [['code', '=', 'DE']])).toHaveLength(1)
    await second.close()
  })

  it('keeps what it has answered when its process is killed', async () => {
    const first = await launch()
    const ids = await call(first.announced, 'create', { vals_list: [{ name: 'Answered' }] })
    first.child.kill('SIGKILL')
    await once(first.child, 'exit')

    const second = await launch()
    const found = await call(second.announced, 'search', { domain: [['name', '=', 'Answered']] })
    expect(found).toEqual(ids)
    second.child.kill('SIGTERM')
    expect(await once(second.child, 'exit')).toEqual([0, null])
  })
})
