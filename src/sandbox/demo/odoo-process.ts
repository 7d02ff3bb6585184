import { startSandboxOdoo } from '../odoo/start-sandbox-odoo.ts'

/**
 * The demo's stand-in Odoo, as a process of its own: it tells its parent where it listens, and ends when the parent
 * lets go of it or dies. Ctrl-C in a terminal reaches both; this one is still needed to finish what is under way.
 */
const sandbox = await startSandboxOdoo()
const { url, database, apiKey, adminApiKey } = sandbox
process.on('SIGINT', () => {})
process.once('disconnect', () => {
  void sandbox.close()
})
process.send?.({ url, database, apiKey, adminApiKey })
