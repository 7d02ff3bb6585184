import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface SourcesList {
  /** apt reads the format from the name's ending. */
  readonly extension: 'list' | 'sources'
  readonly text: string
}

/**
 * The machine's own Debian source with another suite: the same mirror, the same keys and options. Null when the
 * machine has no source of `codename`.
 */
export function sourcesForSuite(codename: string, suite: string, aptDir = '/etc/apt'): SourcesList | null {
  for (const file of sourceFiles(aptDir)) {
    const text = readFileSync(file, 'utf8')
    const found = file.endsWith('.sources') ? fromDeb822(text, codename, suite) : fromOneLine(text, codename, suite)
    if (found !== null) return { extension: file.endsWith('.sources') ? 'sources' : 'list', text: found }
  }
  return null
}

function sourceFiles(aptDir: string): string[] {
  const parts = join(aptDir, 'sources.list.d')
  const inParts = existsSync(parts)
    ? readdirSync(parts)
        .sort()
        .map((name) => join(parts, name))
    : []
  return [join(aptDir, 'sources.list'), ...inParts.filter((file) => /\.(list|sources)$/.test(file))].filter((file) =>
    existsSync(file),
  )
}

/** `deb [options] address suite component…` */
function fromOneLine(text: string, codename: string, suite: string): string | null {
  for (const line of text.split('\n')) {
    const match = /^\s*deb\s+(\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s+([^#]+)/.exec(line)
    if (match === null) continue
    const [, options = '', address = '', ownSuite = '', components = ''] = match
    if (isMain(codename, [ownSuite], components.split(/\s+/))) return `deb ${options}${address} ${suite} main\n`
  }
  return null
}

/** Stanzas of `Field: value`; a line that begins with a space goes on with the field above it. */
function fromDeb822(text: string, codename: string, suite: string): string | null {
  const lines = text.split(/\r?\n/).filter((line) => !line.startsWith('#'))
  for (const stanza of lines.join('\n').split(/\n\s*\n/)) {
    const fields = stanza.split(/\n(?![ \t])/).filter((field) => field.includes(':'))
    const textOf = (name: string) =>
      fields
        .find((field) => field.toLowerCase().startsWith(`${name}:`))
        ?.slice(name.length + 1)
        .trim() ?? ''
    const wordsOf = (name: string) => textOf(name).split(/\s+/)
    if (!wordsOf('types').includes('deb') || /^(no|false|0|off)$/i.test(textOf('enabled'))) continue
    if (!isMain(codename, wordsOf('suites'), wordsOf('components'))) continue
    const kept = fields.filter((field) => !/^(types|suites|components|enabled):/i.test(field))
    return [`Types: deb`, ...kept, `Suites: ${suite}`, 'Components: main', ''].join('\n')
  }
  return null
}

function isMain(codename: string, suites: readonly string[], components: readonly string[]): boolean {
  return (suites.includes(codename) || suites.includes('stable')) && components.includes('main')
}
