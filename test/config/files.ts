import { ConfigError } from '../../src/config/config-error.ts'
import { type Config, type LoadOptions, loadConfig } from '../../src/config/load-config.ts'
import { loadMappings } from '../../src/config/load-mappings.ts'
import type { MappingFile } from '../../src/mapping/mapping-file.ts'

export const CONFIG = 'connections:\n  erp: { type: odoo }\n  shop: { type: postgres }\n'

export const MAPPING = `mapping: customers
odoo: { connection: erp, model: res.partner }
external: { connection: shop, collection: customers, key: id }
fields:
  - { odoo: name, external: full_name }
`

/** Options that read from memory: the config as `config.yaml`, other files by path. */
export function options(
  files: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>> = {},
): LoadOptions {
  return {
    file: 'config.yaml',
    env,
    readFile: (path) => {
      const text = files[path]
      if (text === undefined) throw new Error(`ENOENT: ${path}`)
      return text
    },
    listFolder: (folder) =>
      Object.keys(files)
        .filter((path) => path.startsWith(`${folder}/`))
        .map((path) => path.slice(folder.length + 1)),
  }
}

export function configOf(text: string, env: Readonly<Record<string, string>> = {}): Config {
  return loadConfig(options({ 'config.yaml': text }, env))
}

/** The mapping in a text, read beside a config with the connections erp and shop. */
export function mappingOf(text: string): MappingFile {
  const [file] = loadMappings(loadConfig(options({ 'config.yaml': CONFIG, 'mappings/m.yaml': text })))
  if (file === undefined) throw new Error('no mapping')
  return file
}

/** The lines of the ConfigError that `act` throws. */
export function linesOf(act: () => unknown): readonly string[] {
  try {
    act()
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n')
    throw error
  }
  return []
}
