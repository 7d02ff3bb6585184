import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { optionsOf } from '../../scripts/options/options-of.ts'
import { currentText, optionsPages } from '../../scripts/options/pages.ts'
import { loadConfig } from '../../src/config/load-config.ts'
import { loadMappings } from '../../src/config/load-mappings.ts'
import { CONNECTORS } from '../../src/connectors/index.ts'
import { SETTINGS_SCHEMAS } from '../../src/connectors/settings-schemas.ts'
import { type MappingFile, sideSpec } from '../../src/mapping/mapping-file.ts'

const pages = (await optionsPages()).map((page) => ({ ...page, name: basename(page.file, '.md') }))
const folder = mkdtempSync(join(tmpdir(), 'tandem-options-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('there is a page for every connector that editors know, and one for the files themselves', () => {
  expect(pages.map(({ name }) => name).sort()).toEqual([...Object.keys(SETTINGS_SCHEMAS), 'configuration'].sort())
})

describe.each(pages)('$name', (page) => {
  test('its tables are current (npm run schema writes them)', () => {
    expect(readFileSync(page.file, 'utf8')).toBe(currentText(page))
  })

  test('every option says what it means', () => {
    for (const schema of Object.values(page.schemas)) {
      const { options, shapes } = optionsOf(schema)
      const all = [options, ...shapes.map((shape) => shape.options)].flat()
      expect(all.length).toBeGreaterThan(2)
      expect(all.filter(({ meaning }) => meaning === '')).toEqual([])
    }
  })

  test('its example is a configuration with a mapping', async () => {
    const { config, mappings } = load(page.name, readFileSync(page.file, 'utf8'))
    expect(mappings.length).toBeGreaterThan(0)
    const types = [...config.connections.values()].map(({ type }) => type)
    if (page.name !== 'configuration') expect(types).toContain(page.name)
    for (const { type, settings, name } of config.connections.values()) {
      const result = (await SETTINGS_SCHEMAS[type]?.())?.settings.safeParse({ type, ...settings })
      expect(result?.error, name).toBeUndefined()
      const connect = await CONNECTORS[type]?.()
      await using connector = connect?.({ type, ...settings }, name, { folder })
      for (const mapping of mappings) {
        for (const side of ['odoo', 'external'] as const) {
          if (mapping.definition[side].connection !== name) continue
          expect(connector?.collection(requestOf(mapping, side))).toBeDefined()
        }
      }
    }
  })
})

function requestOf(mapping: MappingFile, side: 'odoo' | 'external') {
  const { definition, name } = mapping
  const fields = definition.fields.map((field) => field[side])
  return { spec: sideSpec(mapping, side), fields, consumer: name, key: String(definition[side].key) }
}

/** What a reader has who copies a page's YAML: files named by what is in them, with an Odoo where the page shows none. */
function load(name: string, text: string) {
  const at = join(folder, name)
  mkdirSync(join(at, 'mappings'), { recursive: true })
  const samples = [...text.matchAll(/^```yaml\n([\s\S]*?)^```/gm)].map(([, sample = '']) =>
    parse(sample.replace(/\$\{file:[^}]*\}/g, `\${SECRET}`)),
  )
  const connections = Object.assign({}, ...samples.map((sample) => sample.connections ?? {}))
  const erp = { type: 'odoo', url: 'https://odoo.example.com', database: 'erp', api_key: 'x' }
  const file = join(at, 'config.yaml')
  const whole = { ...samples.find((sample) => sample.connections), connections: { erp, ...connections } }
  writeFileSync(file, stringify(whole))
  for (const sample of samples) {
    if (sample.mapping) writeFileSync(join(at, 'mappings', `${sample.mapping}.yaml`), stringify(sample))
  }
  const config = loadConfig({ file, env: standIns(text) })
  return { config, mappings: loadMappings(config) }
}

function standIns(text: string): Record<string, string> {
  const names = [...text.matchAll(/\$\{(\w+)\}/g)].map(([, name = '']) => name)
  const standIn = (name: string): string => {
    if (name.includes('PG')) return 'postgresql://tandem:secret@db.example.com/shop'
    if (name.includes('MYSQL')) return 'mysql://tandem:secret@db.example.com/shop'
    return name.endsWith('URL') ? 'https://shop.example.com' : 'x'.repeat(32)
  }
  return { SECRET: 'x', ...Object.fromEntries(names.map((name) => [name, standIn(name)])) }
}
