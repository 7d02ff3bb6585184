/** Writes the JSON Schemas that the examples refer to: `node scripts/schema.ts`. A test holds them current. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { configJsonSchema } from '../src/json-schema/config-json-schema.ts'
import { mappingJsonSchema } from '../src/json-schema/mapping-json-schema.ts'

const folder = fileURLToPath(new URL('../schema', import.meta.url))
mkdirSync(folder, { recursive: true })
for (const [name, schema] of Object.entries({ config: await configJsonSchema(), mapping: await mappingJsonSchema() })) {
  writeFileSync(`${folder}/${name}.json`, `${JSON.stringify(schema, null, 2)}\n`)
}
