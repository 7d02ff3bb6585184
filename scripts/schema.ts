/** Writes the JSON Schemas that the examples refer to, and the tables of options in docs/. Tests hold them current. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { configJsonSchema } from '../src/json-schema/config-json-schema.ts'
import { mappingJsonSchema } from '../src/json-schema/mapping-json-schema.ts'
import { currentText, optionsPages } from './options/pages.ts'

const folder = fileURLToPath(new URL('../schema', import.meta.url))
mkdirSync(folder, { recursive: true })
for (const [name, schema] of Object.entries({ config: await configJsonSchema(), mapping: await mappingJsonSchema() })) {
  writeFileSync(`${folder}/${name}.json`, `${JSON.stringify(schema, null, 2)}\n`)
}
for (const page of await optionsPages()) writeFileSync(page.file, currentText(page))
