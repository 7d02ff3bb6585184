import { closeSync, openSync, readdirSync, readSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fitsAny } from '../../connectors/files/file-name.ts'
import { SyncError } from '../../contract/error.ts'
import type { Invocation } from '../invocation.ts'
import type { Asker } from './asker.ts'
import type { InitOptions } from './options.ts'
import { fromEnvironment, kept, plain, type Setting } from './setting.ts'

/**
 * The least that a JSON API needs to be read: its address, who we are, and the path of one list. How records are read one by
 * one and written is not guessed: a wrong path would answer 404, which means that a record is gone.
 */
export async function restSettings(
  invocation: Invocation,
  asker: Asker,
  options: InitOptions,
): Promise<readonly Setting[]> {
  const url =
    options.externalUrl ??
    (await asker.text({ message: 'Where does the API begin? (https://shop.example.com/api)', flag: '--external-url' }))
  const token = await tokenOf(invocation, asker, options)
  const path =
    options.externalPath ??
    (await asker.text({ message: 'Which path lists the records? (/customers)', flag: '--external-path' }))
  const items =
    options.externalItems ??
    (await asker.text({
      message: 'Where in the answer is the list? (data; empty where the answer is the list)',
      flag: '--external-items',
      isOptional: true,
    }))
  if (!path.startsWith('/')) throw new SyncError('config', `The path ${path} does not begin with a slash.`)
  const name = options.collection ?? nameOf(path)
  const list = { path, ...(items === '' ? {} : { items }) }
  asker.say('To write there, and to read records one by one, describe the calls: docs/connectors/rest.md.')
  return [plain('url', url), ...token, described({ [name]: { list } })]
}

async function tokenOf(invocation: Invocation, asker: Asker, options: InitOptions): Promise<readonly Setting[]> {
  const asBearer = (setting: Setting): Setting => ({
    ...setting,
    name: 'auth',
    written: { bearer: setting.written },
    value: { bearer: setting.value },
  })
  if (options.externalKeyEnv !== undefined)
    return [asBearer(fromEnvironment(invocation, 'auth', options.externalKeyEnv))]
  const way = await asker.choose({
    message: 'How does the API know us?',
    flag: '--external-key-env',
    initial: 'none',
    choices: [
      { value: 'none', label: 'not at all, or in a way that I write into config.yaml later' },
      { value: 'bearer', label: 'a token', hint: 'Authorization: Bearer …' },
    ],
  })
  if (way !== 'bearer') return []
  return [
    asBearer(kept('auth', await asker.secret({ message: 'The token', flag: '--external-key-env' }), 'shop_token')),
  ]
}

/** CSV or JSON files that arrive in a folder of this machine; how they are written is found in the first one. */
export async function folderSettings(
  invocation: Invocation,
  asker: Asker,
  options: InitOptions,
): Promise<readonly Setting[]> {
  const folder =
    options.externalFolder ??
    (await asker.text({ message: 'In which folder do files arrive?', flag: '--external-folder' }))
  const files =
    options.externalFiles ??
    (await asker.text({ message: 'Which files? (customers-*.csv)', flag: '--external-files', initial: '*.csv' }))
  const at = resolve(dirname(resolve(invocation.config)), folder)
  const name = options.collection ?? nameOf(files)
  return [plain('folder', folder), described({ [name]: { ...formOf(at, files), in: { files } } })]
}

function described(collections: object): Setting {
  return { name: 'collections', written: collections, value: collections, secretFile: null }
}

/** "customers" of "/v2/customers?all=1" and of "customers-*.csv". */
function nameOf(text: string): string {
  const last =
    text
      .split('?')[0]
      ?.split('/')
      .findLast((part) => part !== '') ?? ''
  return /^[A-Za-z]\w*/.exec(last)?.[0] ?? 'records'
}

const FORMATS: Readonly<Record<string, string>> = { ndjson: 'ndjson', jsonl: 'ndjson', json: 'json' }
const DELIMITERS = [',', ';', '\t', '|']

function formOf(folder: string, pattern: string): object {
  const format = FORMATS[/\.(\w+)$/.exec(pattern)?.[1]?.toLowerCase() ?? '']
  if (format !== undefined) return { format }
  const line = firstLine(folder, pattern)
  const counted = DELIMITERS.map((delimiter) => ({ delimiter, count: line.split(delimiter).length }))
  const best = counted.reduce((a, b) => (b.count > a.count ? b : a))
  return best.delimiter === ',' ? {} : { csv: { delimiter: best.delimiter } }
}

/** Of the first file that is there; '' where none is. @throws SyncError `config` where there is no such folder. */
function firstLine(folder: string, pattern: string): string {
  let names: readonly string[]
  try {
    names = readdirSync(folder)
  } catch (error) {
    throw new SyncError('config', `The folder ${folder} cannot be read.`, { cause: error })
  }
  const first = names.filter((name) => fitsAny(name, [pattern])).sort()[0]
  if (first === undefined) return ''
  const buffer = Buffer.alloc(4096)
  const file = openSync(join(folder, first), 'r')
  try {
    return buffer.toString('latin1', 0, readSync(file, buffer)).split(/\r?\n/)[0] ?? ''
  } finally {
    closeSync(file)
  }
}
