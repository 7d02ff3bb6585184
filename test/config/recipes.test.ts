import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadConfig } from '../../src/config/load-config.ts'
import { loadMappings } from '../../src/config/load-mappings.ts'
import { createRestConnector } from '../../src/connectors/rest/index.ts'
import { sideSpec } from '../../src/mapping/mapping-file.ts'

const FOLDER = 'docs/recipes'

/** A value for every variable that a recipe names: an address, or a secret that is long enough. */
function environmentOf(file: string): Record<string, string> {
  const names = [...readFileSync(file, 'utf8').matchAll(/\$\{(\w+)\}/g)].map(([, name = '']) => name)
  const standIn = (name: string): string => (name.endsWith('_URL') ? 'https://shop.example' : 'x'.repeat(32))
  return Object.fromEntries(names.map((name) => [name, standIn(name)]))
}

test.each(['strapi', 'medusa', 'woocommerce', 'shopify'])('the recipe for %s is a configuration', async (name) => {
  const file = join(FOLDER, name, 'config.yaml')
  const config = loadConfig({ file, env: environmentOf(file) })
  const shop = config.connections.get('shop')
  await using connector = createRestConnector(shop?.settings, 'shop')
  const mappings = loadMappings(config)
  expect(mappings.length).toBeGreaterThan(0)
  for (const mapping of mappings) {
    const { feed, sink } = connector.collection({
      spec: sideSpec(mapping, 'external'),
      fields: mapping.definition.fields.flatMap(({ external }) => (typeof external === 'string' ? [external] : [])),
      consumer: mapping.name,
      key: String(mapping.definition.external.key),
    })
    expect(feed).not.toBeNull()
    expect(sink).not.toBeNull()
  }
  for (const { collection } of shop?.webhooks?.events ?? []) {
    expect(mappings.map(({ definition }) => definition.external.collection)).toContain(collection)
  }
})
