import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openWorkspace } from './workspace.ts'

/** Everything that was left on disk besides the configuration itself. */
function leftBehind(folder: string): string {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== 'config.yaml')
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
    .join('\n')
}

test('a key never reaches the ledger, a log or a message, whatever goes wrong', async () => {
  await using space = await openWorkspace()
  space.addPartners({ ref: 'C-1', name: 'Ada' }, { ref: 'C-2', name: 'POISON' })
  const secrets = [space.odoo.apiKey, 'wrong-key-4711-canary']
  const said: string[] = []
  const run = async (...args: string[]): Promise<void> => {
    const { stdout, stderr } = await space.tandem(...args)
    said.push(stdout, stderr)
  }
  await run('check', '--json')
  await run('sync', '--log-level', 'trace')
  await run('dead-letters', 'list', '--json')
  space.odoo.faults.add({ kind: 'error_html', times: 1 })
  await run('sync', '--json')
  space.writeConfig({ apiKey: secrets[1] ?? '' })
  await run('check')
  await run('sync', '--json', '--log-level', 'trace')
  await run('status', '--json')
  const daemon = space.start(['run', '--log-level', 'trace'])
  await daemon.sees(/refused/)
  daemon.kill('SIGTERM')
  const { stdout, stderr } = await daemon.ended
  said.push(stdout, stderr)
  const text = said.join('\n') + leftBehind(space.folder)
  expect(text).toContain('POISON')
  for (const secret of secrets) expect(text).not.toContain(secret)
}, 60_000)
