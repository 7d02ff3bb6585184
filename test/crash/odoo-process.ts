/**
 * The stand-in Odoo as a process of its own, with a door for people that no injected fault closes: what they do comes
 * as messages of the parent process, what the daemon does over HTTP.
 */
import { parseArgs } from 'node:util'
import { type Actor, startSandboxOdoo } from '../../src/sandbox/odoo/start-sandbox-odoo.ts'

const { values } = parseArgs({ options: { file: { type: 'string' }, port: { type: 'string', default: '0' } } })

interface Call {
  readonly id: number
  readonly method: keyof Actor
  readonly args: readonly unknown[]
}

const sandbox = await startSandboxOdoo({
  port: Number(values.port),
  ...(values.file === undefined ? {} : { file: values.file }),
})
const person = sandbox.as('admin') as unknown as Record<keyof Actor, (...args: readonly unknown[]) => unknown>
process.on('message', ({ id, method, args }: Call) => {
  try {
    process.send?.({ id, result: person[method](...args) ?? null })
  } catch (error) {
    process.send?.({ id, error: String(error) })
  }
})
process.once('disconnect', () => void sandbox.close())
process.send?.({ url: sandbox.url, database: sandbox.database, apiKey: sandbox.apiKey })
