import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { has } from './sandbox.ts'

const PROGRAM = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

let folder: string
let env: Record<string, string>
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tandem-shells-'))
  mkdirSync(join(folder, 'mappings'))
  const connections = 'connections:\n  erp: { type: memory }\n  shop: { type: memory }\n'
  writeFileSync(join(folder, 'config.yaml'), connections)
  const program = join(folder, 'tandem')
  writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${PROGRAM}' "$@"\n`)
  chmodSync(program, 0o755)
  env = { PATH: `${folder}:${process.env.PATH}`, HOME: folder, TERM: 'dumb' }
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe.runIf(has('fish'))('in a real fish', () => {
  const offered = (line: string): readonly string[] => {
    const script = `source (tandem completion fish | psub); complete -C '${line}'`
    const text = execFileSync('fish', ['--no-config', '-c', script], { env, cwd: folder, encoding: 'utf8' })
    return text.trim().split('\n')
  }

  test('commands come with what they do, and names from the configuration', () => {
    expect(offered('tandem back')).toEqual(['backup\tcopy the ledger to a file'])
    expect(offered('tandem conflicts re')).toEqual([expect.stringMatching(/^resolve\t/)])
    expect(offered('tandem accept ').map((each) => each.split('\t')[0])).toEqual(['erp', 'shop'])
  })

  test('files come where a file is wanted', () => {
    expect(offered('tandem backup conf')).toEqual(['config.yaml'])
  })
})

describe.runIf(has('zsh'))('in a real zsh', () => {
  /** What a line becomes when Tab is pressed in an interactive shell on a terminal. */
  function afterTab(line: string): Promise<string | undefined> {
    const shell = spawn('script', ['-qec', 'zsh -f -i', '/dev/null'], { cwd: folder, env })
    let said = ''
    const [TAB, HOME, ENTER] = ['\t', '\u0001', '\r']
    return new Promise((resolve, reject) => {
      const giveUp = setTimeout(() => shell.kill('SIGKILL'), 20_000)
      shell.stdout.on('data', (data: Buffer) => {
        const before = said
        said += data.toString()
        const appears = (text: string): boolean => said.includes(text) && !before.includes(text)
        // The completed line becomes the words of an echo. The text is not the echo of the command that says it.
        if (appears('we-are-ready')) shell.stdin.write(`${line}${TAB}${HOME}echo BE''COMES ${ENTER}`)
        if (appears('BECOMES')) shell.stdin.end(`exit${ENTER}`)
      })
      shell.on('error', reject)
      shell.on('close', () => {
        clearTimeout(giveUp)
        resolve(/BECOMES (.*?)\s*[\r\n]/.exec(said)?.[1])
      })
      shell.stdin.write(
        `autoload -U compinit; compinit -u -D; source <(tandem completion zsh); echo we-"are"-ready${ENTER}`,
      )
    })
  }

  test('a command is completed, and the only name that fits', async () => {
    expect(await afterTab('tandem conflicts re')).toBe('tandem conflicts resolve')
    expect(await afterTab('tandem accept sh')).toBe('tandem accept shop')
  })
})
