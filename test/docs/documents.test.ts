import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { createProgram } from '../../src/cli/program.ts'
import { DISPOSITION } from '../../src/contract/error.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

function documents(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory())
      return ['node_modules', 'dist', '.git', '.cache'].includes(entry.name) ? [] : documents(path)
    return entry.name.endsWith('.md') ? [path] : []
  })
}

const all = documents(ROOT).map((path) => ({ name: relative(ROOT, path), path, text: readFileSync(path, 'utf8') }))

/** The anchor that a heading gets, as GitHub makes it. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s-]/gu, '')
    .trim()
    .replace(/\s/g, '-')
}

function anchors(text: string): readonly string[] {
  return [...text.matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) => anchorOf(heading))
}

describe.each(all)('$name', ({ path, text }) => {
  test('leads to what is there', () => {
    for (const [, target = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue
      const [file = '', anchor] = target.split('#')
      const to = file === '' ? path : join(dirname(path), file)
      expect(existsSync(to), target).toBe(true)
      if (anchor !== undefined) expect(anchors(readFileSync(to, 'utf8')), target).toContain(anchor)
    }
  })

  test('its YAML and JSON can be read', () => {
    for (const [, language = '', sample = ''] of text.matchAll(/^```(yaml|json)\n([\s\S]*?)^```/gm)) {
      // "…" stands for what is left out.
      const whole = sample.replace(/, …(?= [}\]])/g, '').replace(/^\s*…$/gm, '')
      expect(() => (language === 'json' ? JSON.parse(whole) : parse(whole)), sample).not.toThrow()
    }
  })
})

describe('the commands that the documents name', () => {
  const names = new Map(
    namesOf(createProgram(() => async () => {}, { stdout: process.stdout, stderr: process.stderr } as never)),
  )
  // A command at the beginning of a line of a terminal, or as code within a sentence.
  const used = all.flatMap(({ name, text }) =>
    [...text.matchAll(/(?:`|^ {4}(?:\$ )?|&& )tandem ([a-z][a-z-]*(?: [a-z][a-z-]*)*)([^`\n]*)/gm)].map(
      ([, words = '', rest = '']) => ({ name, words: words.split(' '), rest }),
    ),
  )
  /** The options of the command that these words begin with; undefined: there is none. */
  const optionsOf = (words: readonly string[]): readonly string[] | undefined =>
    words.length === 0 ? undefined : (names.get(words.join(' ')) ?? optionsOf(words.slice(0, -1)))

  test('exist, with their options', () => {
    expect(used.length).toBeGreaterThan(30)
    for (const { name, words, rest } of used) {
      const options = optionsOf(words)
      expect(options, `${name}: tandem ${words.join(' ')}`).toBeDefined()
      for (const [, option = ''] of rest.matchAll(/ (--[a-z-]+)/g)) {
        expect(options, `${name}: tandem ${words.join(' ')} ${option}`).toContain(option)
      }
    }
  })
})

/** Every command below the program by its name, "dead-letters list", with its options. */
function namesOf(
  program: Command,
  above = '',
  inherited: readonly string[] = [],
): readonly [string, readonly string[]][] {
  const options = [...inherited, ...program.options.map(({ long }) => long ?? '')]
  return program.commands.flatMap((command): [string, readonly string[]][] => {
    const name = `${above}${command.name()}`
    const own = [...options, ...command.options.map(({ long }) => long ?? '')]
    return [[name, own], ...namesOf(command, `${name} `, options)] as [string, readonly string[]][]
  })
}

test('every error code is explained', () => {
  const text = readFileSync(join(ROOT, 'docs/operations.md'), 'utf8')
  const table = text.slice(text.indexOf('## Error codes'), text.indexOf('## The ledger'))
  const explained = [...table.matchAll(/`([a-z_]+)`/g)].map(([, code]) => code)
  for (const code of Object.keys(DISPOSITION)) expect(explained).toContain(code)
})
