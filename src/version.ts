import { createRequire } from 'node:module'

const { version } = createRequire(import.meta.url)('../package.json') as { version: string }

/** The program as the ledger remembers who wrote it. */
export const PROGRAM = `tandem ${version}`
export const VERSION = version
/** How a command line begins for whoever runs this copy: a checkout, or an installed package. */
export const COMMAND = import.meta.url.endsWith('.ts') ? 'npm run -s tandem --' : 'npx odoo-tandem'
