/** What the entry point adds to a command, in real processes: the exit code, and the folder it is started in. */
import { describe, expect, test } from 'vitest'
import { runInProcess } from './in-process.ts'
import { jsonLines, runProgram } from './program.ts'
import { openWorkspace } from './workspace.ts'

describe.concurrent('the program', () => {
  test('exits with the code of its command, and says the same as in the process of its caller', async () => {
    await using space = await openWorkspace()
    space.addPartners({ ref: 'C-1', name: 'POISON' }, { ref: 'C-2', name: 'Bo' })
    const [help, wrong, unknown] = await Promise.all([
      runProgram(space.folder, ['--help']),
      runProgram(space.folder, ['snyc']),
      runProgram(space.folder, ['--config', 'nope.yaml', 'status']),
    ])
    expect([help.code, help.stderr]).toEqual([0, ''])
    expect(help.stdout).toBe((await runInProcess('', ['--help'])).stdout)
    expect([wrong.code, wrong.stdout]).toEqual([2, ''])
    expect(wrong.stderr).toMatch(/unknown command 'snyc'[\s\S]*Did you mean sync/)
    expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining('no configuration file nope.yaml')])

    const synced = await runProgram(space.folder, ['sync', '--json'])
    expect(synced.code, synced.stderr).toBe(1)
    expect(jsonLines(synced)).toMatchObject([{ mappings: [{ error: null, left: { deadLetters: 1 } }] }])
    space.writeConfig({ url: 'http://127.0.0.1:9' })
    expect((await runProgram(space.folder, ['check'])).code).toBe(3)
  })

  test('takes the configuration of the folder it is started in, and names its files from there', async () => {
    await using space = await openWorkspace()
    space.writeMapping({ 'res.partner': 'res.partnr' })
    const { code, stdout } = await runProgram(space.folder, ['check'])
    expect(code).toBe(2)
    expect(stdout).toMatch(/✗ customers: mappings\/customers\.yaml:2:\d+: odoo: .*res\.partnr/)
  })
})
