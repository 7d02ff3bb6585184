import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { configSchema } from '../../src/config/config-schema.ts'
import { SETTINGS_SCHEMAS } from '../../src/connectors/settings-schemas.ts'
import type { JsonSchema } from '../../src/json-schema/json-schema.ts'
import { mappingSchema } from '../../src/mapping/mapping-schema.ts'
import { renderOptions } from './render-options.ts'

const DOCS = fileURLToPath(new URL('../../docs', import.meta.url))

/** A page whose tables of options are generated, each between a marker with its name and `<!-- end of options -->`. */
export interface OptionsPage {
  readonly file: string
  readonly schemas: Readonly<Record<string, JsonSchema>>
}

export async function optionsPages(): Promise<readonly OptionsPage[]> {
  const connectors = Object.entries(SETTINGS_SCHEMAS).map(async ([type, load]): Promise<OptionsPage> => {
    const { settings, spec, collection } = await load()
    const side = spec ?? collection
    return {
      file: `${DOCS}/connectors/${type}.md`,
      schemas: { connection: jsonSchemaOf(settings), ...(side === null ? {} : { side: jsonSchemaOf(side) }) },
    }
  })
  const configuration = {
    file: `${DOCS}/configuration.md`,
    schemas: { config: jsonSchemaOf(configSchema), mapping: jsonSchemaOf(mappingSchema) },
  }
  return [configuration, ...(await Promise.all(connectors))]
}

/**
 * The page's text with its tables as the schemas have them now.
 * @throws Error where it has no marker for one of its schemas.
 */
export function currentText({ file, schemas }: OptionsPage): string {
  const known = new Set<string>()
  return Object.entries(schemas).reduce(
    (text, [name, schema]) => {
      const begin = `<!-- options: ${name}, written by npm run schema -->\n`
      const end = '<!-- end of options -->'
      const from = text.indexOf(begin) + begin.length
      const to = text.indexOf(end, from)
      if (!text.includes(begin) || to === -1) throw new Error(`${file} has no options of ${name} between two markers`)
      return `${text.slice(0, from)}\n${renderOptions(schema, known)}\n\n${text.slice(to)}`
    },
    readFileSync(file, 'utf8'),
  )
}

function jsonSchemaOf(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, { io: 'input' }) as JsonSchema
}
