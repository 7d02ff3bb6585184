import { createRequire } from 'node:module'

const { version } = createRequire(import.meta.url)('../package.json') as { version: string }

/** The program as the ledger remembers who wrote it. */
export const PROGRAM = `tandem ${version}`
export const VERSION = version
