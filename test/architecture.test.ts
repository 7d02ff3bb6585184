import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const SRC = fileURLToPath(new URL('../src', import.meta.url))

/** What the ledger is, without how it is kept: its interface and the types it speaks of. */
const LEDGER = readdirSync(join(SRC, 'ledger'))
  .filter((file) => file.endsWith('.ts'))
  .map((file) => `ledger/${file}`)

/** What each folder may import of the project, besides itself. Files at the top and folders not named may import all. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  contract: [],
  mapping: ['contract'],
  ledger: ['contract', 'mapping'],
  engine: ['contract', 'mapping', ...LEDGER],
  operations: [
    ...['contract', 'mapping', ...LEDGER, 'engine', 'app.ts', 'recognise.ts'],
    ...['config/config-error.ts', 'words.ts'],
  ],
  http: ['contract'],
  config: ['contract', 'mapping'],
  connectors: ['contract', 'http'],
  testing: ['contract'],
  extensions: ['contract', 'mapping'],
}
/** Connectors never import each other. What several share stands beside them. */
const SHARED_BY_CONNECTORS = [
  'connectors/sql/',
  'connectors/window-scan.ts',
  'connectors/line-changes.ts',
  'connectors/duration.ts',
  'connectors/time-zone.ts',
]
/** The packages of a folder that is to stay free of them. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  contract: ['zod'],
  // Published for the authors of connectors.
  testing: ['vitest', 'odoo-tandem/testing'],
}

function files(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return files(path)
    return entry.name.endsWith('.ts') ? [path] : []
  })
}

function name(path: string): string {
  return relative(SRC, path).split(sep).join('/')
}

/** Every import of a file: names inside `src`, or of packages. */
function importsOf(path: string): string[] {
  const text = readFileSync(path, 'utf8')
  const found = [...text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*'([^']+)'/g)].map(([, specifier]) => specifier ?? '')
  return found.map((specifier) => (specifier.startsWith('.') ? name(join(dirname(path), specifier)) : specifier))
}

const all = files(SRC).map((path) => ({ file: name(path), imports: importsOf(path) }))

describe('the layers', () => {
  it.each(Object.entries(MAY_IMPORT))('%s imports only what it may', (folder, allowed) => {
    const wrong = all
      .filter(({ file }) => file.startsWith(`${folder}/`))
      .flatMap(({ file, imports }) =>
        imports
          .filter((target) => target.endsWith('.ts') && !target.startsWith(`${folder}/`))
          .filter((target) => !allowed.some((each) => target === each || target.startsWith(`${each}/`)))
          .map((target) => `${file} imports ${target}`),
      )
    expect(wrong).toEqual([])
  })

  it('what the ledger is does not know how it is kept', () => {
    const wrong = all
      .filter(({ file }) => LEDGER.includes(file))
      .flatMap(({ file, imports }) =>
        imports.filter((target) => target.startsWith('ledger/sqlite/')).map((target) => `${file} imports ${target}`),
      )
    expect(wrong).toEqual([])
  })

  it('nothing but the entry point imports the command line', () => {
    const wrong = all
      .filter(({ file }) => file !== 'main.ts' && !file.startsWith('cli/'))
      .flatMap(({ file, imports }) =>
        imports.filter((target) => target.startsWith('cli/')).map((target) => `${file} imports ${target}`),
      )
    expect(wrong).toEqual([])
  })

  it('connectors do not import each other', () => {
    const wrong = all
      .filter(({ file }) => file.startsWith('connectors/') && file.split('/').length > 2)
      .flatMap(({ file, imports }) =>
        imports
          .filter((target) => target.startsWith('connectors/'))
          .filter((target) => target.split('/')[1] !== file.split('/')[1])
          .filter((target) => !SHARED_BY_CONNECTORS.some((each) => target.startsWith(each)))
          .map((target) => `${file} imports ${target}`),
      )
    expect(wrong).toEqual([])
  })

  it.each(Object.entries(PACKAGES))('%s needs no packages but %s', (folder, allowed) => {
    const wrong = all
      .filter(({ file }) => file.startsWith(`${folder}/`))
      .flatMap(({ imports }) => imports.filter((target) => !target.endsWith('.ts') && !allowed.includes(target)))
    expect(wrong).toEqual([])
  })

  it('only the configuration, the entry points and the sandbox read the environment', () => {
    const wrong = all
      .filter(({ file }) => !/^(config|sandbox|cli)\/|^main\.ts$/.test(file))
      .filter(({ file }) => /process\.env/.test(readFileSync(join(SRC, file), 'utf8')))
    expect(wrong.map(({ file }) => file)).toEqual([])
  })

  it('only main.ts exits the process', () => {
    const wrong = all.filter(
      ({ file }) =>
        !/^main\.ts$|^sandbox\/.*main\.ts$/.test(file) && /process\.exit\(/.test(readFileSync(join(SRC, file), 'utf8')),
    )
    expect(wrong.map(({ file }) => file)).toEqual([])
  })

  it('SQL stays in the ledger and the SQL connectors', () => {
    const wrong = all.filter(
      ({ file }) =>
        !/^ledger\/|^connectors\/|^sandbox\//.test(file) &&
        /\b(SELECT|INSERT INTO|DELETE FROM|UPDATE) \w+/.test(readFileSync(join(SRC, file), 'utf8')),
    )
    expect(wrong.map(({ file }) => file)).toEqual([])
  })
})
