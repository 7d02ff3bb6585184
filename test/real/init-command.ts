import { type Ended, runProgram } from '../cli/program.ts'
import { realEnvironment } from './environment.ts'

export interface OtherSide {
  readonly type: 'postgres' | 'mysql'
  readonly url: string
  readonly collection: string
}

/** What the keys and addresses are found by; any further command takes them, too. */
export function initEnvironment({ url }: OtherSide): Readonly<Record<string, string>> {
  return { ODOO_KEY: realEnvironment().odooApiKey, SHOP_URL: url }
}

/** `tandem init` between contacts of the real Odoo and a table, without a question. */
export function initWithoutQuestions(folder: string, other: OtherSide): Promise<Ended> {
  const { odooUrl, odooDatabase } = realEnvironment()
  const odoo = [
    '--odoo-url',
    odooUrl,
    '--odoo-db',
    odooDatabase,
    '--odoo-key-env',
    'ODOO_KEY',
    '--model',
    'res.partner',
  ]
  const external = ['--external-type', other.type, '--external-url-env', 'SHOP_URL', '--collection', other.collection]
  return runProgram(folder, ['init', '--yes', ...odoo, ...external], initEnvironment(other))
}
