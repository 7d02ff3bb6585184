import { ConfigError } from '../../src/config/config-error.ts'
import { parseFile } from '../../src/config/parse.ts'
import { createRedactor } from '../../src/config/redact.ts'
import type { MappingFile } from '../../src/mapping/mapping-file.ts'
import { mappingSchema } from '../../src/mapping/mapping-schema.ts'

/** Hundreds of worlds are made of the same few texts. What is parsed is never changed. */
const parsed = new Map<string, MappingFile>()

/** A mapping file from its text. @throws ConfigError */
export function parseMapping(file: string, text: string): MappingFile {
  const name = `${file}\n${text}`
  const known = parsed.get(name) ?? parse(file, text)
  parsed.set(name, known)
  return known
}

function parse(file: string, text: string): MappingFile {
  const sources = {
    env: {},
    readFile: (path: string): string => {
      throw new Error(`no file ${path}`)
    },
  }
  const { value, document, problems } = parseFile(mappingSchema, { file, text, sources, redactor: createRedactor() })
  if (!value) throw new ConfigError(problems)
  return { name: value.mapping, file, definition: value, locate: document.locate }
}
