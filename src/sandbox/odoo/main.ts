import { parseArgs } from 'node:util'
import { startSandboxOdoo } from './start-sandbox-odoo.ts'

/**
 * The stand-in as a process of its own: `node src/sandbox/odoo/main.ts --port 0 --file sandbox.db`. Prints one line
 * of JSON with the address and the keys once it listens; ends on SIGTERM and SIGINT.
 */
const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    file: { type: 'string' },
    database: { type: 'string' },
    'api-key': { type: 'string' },
    'admin-api-key': { type: 'string' },
  },
})

const sandbox = await startSandboxOdoo({
  port: Number(values.port),
  ...(values.file !== undefined && { file: values.file }),
  ...(values.database !== undefined && { database: values.database }),
  ...(values['api-key'] !== undefined && { apiKey: values['api-key'] }),
  ...(values['admin-api-key'] !== undefined && { adminApiKey: values['admin-api-key'] }),
})

const { url, database, apiKey, adminApiKey } = sandbox
process.stdout.write(`${JSON.stringify({ url, database, apiKey, adminApiKey })}\n`)

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    void sandbox.close()
  })
}
