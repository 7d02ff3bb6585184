import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { SyncError } from '../../contract/error.ts'
import { configJsonSchema } from '../../json-schema/config-json-schema.ts'
import { mappingJsonSchema } from '../../json-schema/mapping-json-schema.ts'
import type { Connected } from './connections.ts'

/** A file to be written, by its path from the configuration's folder. */
interface NewFile {
  readonly path: string
  readonly text: string
  readonly mode: number
}

export const MAPPING_SCHEMA = '../schema/mapping.json'

/**
 * Writes the configuration with its mapping, the secrets each in a file of its own that only its owner can read, and the schemas for
 * editors. Replaces nothing but schemas. The answer is what was written. @throws SyncError `config`
 */
export async function writeFiles(
  config: string,
  connections: readonly Connected[],
  mapping: { readonly name: string; readonly text: string },
): Promise<readonly string[]> {
  const folder = dirname(config)
  const secrets = connections.flatMap(({ settings }) => settings.flatMap(({ secretFile }) => secretFile ?? []))
  const files: NewFile[] = [
    ...secrets.map(({ path, text }) => ({ path, text: `${text}\n`, mode: 0o600 })),
    // Nothing in that folder is for a repository.
    ...(secrets.length === 0 ? [] : [{ path: 'secrets/.gitignore', text: '*\n', mode: 0o600 }]),
    { path: `mappings/${mapping.name}.yaml`, text: mapping.text, mode: 0o644 },
    { path: basename(config), text: configText(connections), mode: 0o644 },
  ]
  const taken = files.find(({ path }) => !path.endsWith('.gitignore') && existsSync(join(folder, path)))
  if (taken) {
    throw new SyncError('config', `${join(folder, taken.path)} exists already; nothing was written.`, {
      hint: 'Begin in an empty folder, or name another mapping with --mapping.',
    })
  }
  for (const { path, text, mode } of files) put(join(folder, path), text, mode)
  const schemas = { config: await configJsonSchema(), mapping: await mappingJsonSchema() }
  for (const [name, schema] of Object.entries(schemas))
    put(join(folder, 'schema', `${name}.json`), `${JSON.stringify(schema)}\n`, 0o644)
  return files.map(({ path }) => relative('.', join(folder, path)))
}

function put(path: string, text: string, mode: number): void {
  const isSecret = mode === 0o600
  mkdirSync(dirname(path), { recursive: true, ...(isSecret ? { mode: 0o700 } : {}) })
  writeFileSync(path, text, { mode })
}

function configText(connections: readonly Connected[]): string {
  return `# yaml-language-server: $schema=./schema/config.json
# Written by tandem init. config.example.yaml of Tandem shows every option with its default.
ledger: { file: ./data/tandem.db }
mappings: ./mappings
connections:
${connections.map(connectionText).join('\n')}
`
}

function connectionText({ name, type, settings }: Connected): string {
  return [
    `  ${name}:`,
    `    type: ${type}`,
    ...settings.map((each) => `    ${each.name}: ${JSON.stringify(each.written)}`),
  ].join('\n')
}
