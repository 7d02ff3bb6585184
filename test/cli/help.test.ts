import type { Command } from 'commander'
import { describe, expect, test } from 'vitest'
import { createProgram, runProgram } from '../../src/cli/program.ts'

const SILENT = { write: () => true }
const program = createProgram(() => async () => {}, { stdout: SILENT, stderr: SILENT })

function leaves(command: Command, path: readonly string[] = []): { path: string; command: Command }[] {
  const here = [...path, command.name()]
  const below = command.commands.filter((each) => each.name() !== '__complete')
  if (below.length > 0) return below.flatMap((each) => leaves(each, command === program ? [] : here))
  return [{ path: here.join(' '), command }]
}
const all = leaves(program)

async function help(...args: string[]): Promise<string> {
  let text = ''
  const stdout = {
    write(part: string): boolean {
      text += part
      return true
    },
  }
  const code = await runProgram([...args, '--help'], {
    env: {},
    signal: new AbortController().signal,
    stdout,
    stderr: stdout,
  })
  expect(code).toBe(0)
  return text
}

/** Where commands below one share its text: what their help does not say, that one's does. */
const parentOf = (path: string): string[] => path.split(' ').slice(0, -1)

describe('help', () => {
  test.each(all.map(({ path }) => path))('%s has examples that it understands, --json and exit codes', async (path) => {
    const own = await help(...path.split(' '))
    const parent = parentOf(path).length > 0 ? await help(...parentOf(path)) : ''
    expect(own).toContain('--json')
    expect(own).toContain('--config <file>')
    expect(own).toContain('Exit codes: 0 done')
    const json = own + parent + (await help(...(parentOf(path).length > 0 ? parentOf(path).slice(0, 1) : [path])))
    expect(json).toMatch(
      /With --json[\s\S]*\{|With --json, the same|JSON elsewhere|same as "run"|--json\s+changes nothing/,
    )
    const examples = [...own.matchAll(/^ {2}.*?\btandem (.+)$/gm)].map(([, line = '']) => line)
    expect(examples.filter((line) => line.startsWith(path)).length, own).toBeGreaterThan(0)
  })

  test('every option of an example exists', async () => {
    const unknown: string[] = []
    for (const { path, command } of all) {
      const own = await help(...path.split(' '))
      const options = new Set([...command.options, ...program.options].flatMap(({ long, short }) => [long, short]))
      for (const [, line = ''] of own.matchAll(new RegExp(`tandem ${path}( .+)$`, 'gm'))) {
        for (const [, option = ''] of line.replace(/\|.*/, '').matchAll(/ (--?[a-z][\w-]*)/g))
          if (!options.has(option)) unknown.push(`${path} ${option}`)
      }
    }
    expect(unknown).toEqual([])
  })

  test('the whole is grouped by what one wants to do', async () => {
    const text = await help()
    for (const group of ['Begin:', 'Keep in step:', 'See what happens:', 'Repair:', 'The ledger:'])
      expect(text).toContain(group)
    for (const { path } of all) expect(text).toContain(`\n  ${path.split(' ')[0]}`)
    expect(text).not.toContain('__complete')
  })
})
