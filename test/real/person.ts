import type { Fields } from '../../src/contract/value.ts'
import { callOdoo } from '../connectors/call-odoo.ts'
import { type RealOdoo, realOdoo } from './environment.ts'

/** A person who works in Odoo: calls of the administrator, behind Tandem's back. */
export async function asPerson<T>(
  model: string,
  method: string,
  args: Readonly<Record<string, unknown>>,
  odoo: RealOdoo = realOdoo('19'),
): Promise<T> {
  const { url, database, personLogin: login, personKey: key } = odoo
  return (await callOdoo({ url, database, login, key }, model, method, JSON.parse(JSON.stringify(args)) as Fields)) as T
}

/** The same for one Odoo. */
export function personOf(odoo: RealOdoo) {
  return <T>(model: string, method: string, args: Readonly<Record<string, unknown>>): Promise<T> =>
    asPerson<T>(model, method, args, odoo)
}
