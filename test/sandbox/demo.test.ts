import { existsSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { describe, expect, it } from 'vitest'
import { type DemoOptions, runDemo } from '../../src/sandbox/demo.ts'

interface Watched {
  readonly lines: readonly string[]
  /** Everything that was written. */
  readonly text: string
  readonly odooUrl: string
  readonly folder: string
}

async function watchDemo(
  options: Omit<DemoOptions, 'write'>,
  onLine: (line: string) => void = () => {},
): Promise<Watched> {
  const lines: string[] = []
  const write = (line: string): void => {
    lines.push(stripVTControlCharacters(line))
    onLine(line)
  }
  await runDemo({ ...options, write })
  const text = lines.join('\n')
  const odooUrl = /http:\/\/127\.0\.0\.1:\d+/.exec(text)?.[0] ?? ''
  const config = /config {3}(.+)$/m.exec(text)?.[1] ?? ''
  return { lines, text, odooUrl, folder: dirname(config) }
}

/** What happened to one record, by its columns. */
const row = (where: string, who: string, what: string): RegExp =>
  new RegExp(`^\\d\\d:\\d\\d:\\d\\d {2}${where} +${who} *\\S+ +${what}`, 'm')

describe.concurrent('the demo', () => {
  it('shows what people and the daemon do, ends in step and leaves nothing behind', async () => {
    const demo = await watchDemo({ signal: new AbortController().signal, forMs: 6000, seed: 7 })

    expect(demo.text).toMatch(/npm run -s tandem -- status --config \S+config\.yaml/)
    expect(demo.text).toMatch(/^ {3}\d{2,3} customers found on both sides and joined/m)
    expect(demo.text).toMatch(row('odoo', 'conflict', 'ref "P-0900" is carried by several odoo records'))
    expect(demo.text).toMatch(row('shop', 'dead letter', 'Odoo refused .*Contacts require a name'))
    expect(demo.text).toMatch(/^ {3}contacts +\d+ linked +\d+ pending +2 conflicts +1 dead letter +lag \d+\.\d+ s$/m)

    expect(demo.text).toMatch(row('shop', '(Ann|Bilal|Chloé) edited', '\\w+'))
    expect(demo.text).toMatch(row('odoo', '(Dirk|Eva|Femi) edited', '\\w+'))
    expect(demo.text).toMatch(row('odoo ← shop', '', '\\w+ updated \\(\\d+\\.\\d+ s later\\)'))
    expect(demo.text).toMatch(row('shop ← odoo', '', '\\w+ updated \\(\\d+\\.\\d+ s later\\)'))
    expect(demo.text).toMatch(row('odoo ← shop', '', 'created .+ later\\)'))
    expect(demo.text).toMatch(row('shop ← odoo', '', 'created .+ later\\)'))
    expect(demo.text).toMatch(row('odoo', '', 'got the key O-\\d+'))
    expect(demo.text).toMatch(row('shop ← odoo', '', 'deleted'))
    expect(demo.text).toMatch(row('odoo ⇄ shop', '', '[a-z ]+ edited on both sides'))
    expect(demo.lines.some((line) => /odoo ← shop +P-0901 +created/.test(line))).toBe(true)

    const unexpected = / (guard|paused|run|retry|warn|error) {2,}/
    expect(demo.lines.filter((line) => unexpected.test(line))).toEqual([])
    expect(demo.text).toMatch(/^ {3}companies +in step: \d+ pairs/m)
    expect(demo.text).toMatch(/^ {3}contacts +in step: \d+ pairs/m)
    expect(demo.text).not.toContain('NOT in step')
    expect(demo.text).toMatch(/for a person \(2 records\): ref "P-0900"/)

    expect(existsSync(demo.folder)).toBe(false)
    await expect(fetch(demo.odooUrl)).rejects.toThrow()
  })

  it('ends when it is told to, with the comparison, and keeps its folder if asked', async () => {
    const stop = new AbortController()
    const demo = await watchDemo({ signal: stop.signal, keep: true, seed: 3 }, (line) => {
      if (line.includes('edited')) stop.abort()
    })
    expect(demo.text).toMatch(/^ {3}companies +in step/m)
    expect(demo.lines.at(-1)).toBe(`Kept: ${demo.folder}`)
    expect(readFileSync(join(demo.folder, 'mappings', 'contacts.yaml'), 'utf8')).toContain('link: companies')
    await expect(fetch(demo.odooUrl)).rejects.toThrow()
    rmSync(demo.folder, { recursive: true })
  })

  it('ends at once when it is told to before it began', async () => {
    const demo = await watchDemo({ signal: AbortSignal.abort(), seed: 3 })
    expect(demo.text).not.toContain('The two have met')
    expect(existsSync(demo.folder)).toBe(false)
    await expect(fetch(demo.odooUrl)).rejects.toThrow()
  })
})
