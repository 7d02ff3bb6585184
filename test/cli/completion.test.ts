import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { complete } from '../../src/cli/completion/complete.ts'
import { namesOf } from '../../src/cli/completion/names.ts'
import { createProgram } from '../../src/cli/program.ts'
import { COMPILE_CACHE } from '../compile-cache.ts'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tandem-completion-'))
  mkdirSync(join(folder, 'maps'))
  // A variable that is not set is no reason to complete nothing.
  const key = ['"$', '{NOT_SET}"'].join('')
  writeFileSync(
    join(folder, 'config.yaml'),
    `mappings: ./maps\nconnections:\n  erp: { type: odoo, api_key: ${key} }\n  shop: { type: sqlite }\n`,
  )
  writeFileSync(join(folder, 'maps', 'a.yaml'), 'mapping: customers\n')
  writeFileSync(join(folder, 'maps', 'b.yaml'), 'mapping: products\nfields: [\n')
  writeFileSync(join(folder, 'maps', 'c.yaml'), 'mapping: customer-groups\n')
  writeFileSync(join(folder, 'tandem'), `#!/bin/sh\nexec "${process.execPath}" "${MAIN}" "$@"\n`)
  chmodSync(join(folder, 'tandem'), 0o755)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** What a real bash offers behind `line`, with the script as users load it. */
function bash(line: string): readonly string[] {
  const words = line.split(' ')
  const script = `
    source <(tandem completion bash)
    COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')})
    COMP_CWORD=${words.length - 1}
    $(complete -p tandem | sed 's/.*-F \\([^ ]*\\).*/\\1/')
    printf '%s\\n' "\${COMPREPLY[@]}"`
  const env = { PATH: `${folder}:${process.env.PATH}`, ...COMPILE_CACHE }
  const output = execFileSync('bash', ['--norc', '-c', script], { cwd: folder, env, encoding: 'utf8' })
  return output.split('\n').filter((each) => each !== '')
}

describe('completion', () => {
  test.each([
    ['con', ['conflicts']],
    ['conflicts re', ['resolve']],
    ['dead-letters ', ['list', 'show', 'retry', 'edit', 'discard', 'customers', 'products', 'customer-groups']],
    ['sync cust', ['customers', 'customer-groups']],
    ['trace customers --odoo', ['--odoo-id']],
    ['pause --connection ', ['erp', 'shop']],
    ['conflicts resolve customers ', ['odoo', 'external']],
    ['conflicts resolve customers odoo 42 --take ', ['odoo', 'external']],
    ['resync customers --from o', ['odoo']],
    ['resync customers --keys a b --dry', ['--dry-run']],
    ['odoo hooks ins', ['install']],
    ['schema ', ['config', 'mapping']],
    ['backup ', []],
    ['nonsense ', []],
  ])('of "%s"', (line, wanted) => {
    const silent = { write: () => true }
    const program = createProgram(() => async () => {}, { stdout: silent, stderr: silent })
    const found = complete(program, line.split(' '), namesOf(join(folder, 'config.yaml')))
    expect(found.map(({ value }) => value)).toEqual(wanted)
  })

  test('in a real bash', () => {
    expect(bash('tandem conflicts re')).toEqual(['resolve'])
    expect(bash('tandem accept ')).toEqual(['erp', 'shop'])
    expect(bash('tandem --config missing.yaml sync ')).toEqual([])
  })

  test('the scripts of the other shells call the same', () => {
    for (const shell of ['zsh', 'fish']) {
      const env = { PATH: `${folder}:${process.env.PATH}`, ...COMPILE_CACHE }
      expect(execFileSync('tandem', ['completion', shell], { env, encoding: 'utf8' })).toContain('__complete')
    }
    const described = execFileSync(join(folder, 'tandem'), ['__complete', 'tab', '--', 'back'], { encoding: 'utf8' })
    expect(described).toBe('backup\tcopy the ledger to a file\n')
  })
})
