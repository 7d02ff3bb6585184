import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { OdooSeries } from '../../scripts/real/odoo-install.ts'
import type { Protocol } from '../../src/connectors/odoo/transport/transport.ts'
import { hasRealOdoo, PROTOCOLS_OF, type RealOdoo, realOdoo } from './environment.ts'
import { installOwnModule } from './own-module.ts'
import { asPerson } from './person.ts'
import { openRealTandem, type RealTandem } from './tandem.ts'

/** How a controller has to be declared for each protocol, and whom it takes us for. */
const AUTH: Readonly<Record<Protocol, { readonly auth: string; readonly isUs: boolean }>> = {
  json2: { auth: 'bearer', isUs: true },
  jsonrpc: { auth: 'public', isUs: false },
  xmlrpc: { auth: 'public', isUs: false },
  session: { auth: 'user', isUs: true },
}

const TABLE = `CREATE TABLE customers (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, code text UNIQUE, full_name text,
  label text, stamp text, grade text)`

const mapping = (auth: string) => (mark: string, schema: string) =>
  `
mapping: customers
odoo:
  connection: erp
  model: res.partner
  domain: [[function, "=", "${mark}"]]
  key: ref
  defaults: { function: "${mark}" }
external: { connection: shop, collection: { table: ${schema}.customers, capture: triggers }, key: code }
fields: [{ odoo: name, external: full_name }]
steps:
  - name: label
    when: external.label != null
    unless: odoo.probe_label != null && odoo.probe_label.startsWith(external.label)
    call: { route: /tandem_probe/label/${auth}, params: { partner: "=odoo.id", text: "=external.label" } }
  - name: stamp
    when: external.stamp != null
    unless: odoo.probe_stamp != null && odoo.probe_stamp.startsWith("no. " + external.stamp)
    call: { method: action_stamp, args: { text: "=external.stamp", prefix: "no. " } }
  - name: grade
    when: external.grade != null
    unless: odoo.probe_grade != null && odoo.probe_grade.startsWith(external.grade)
    call: { model: tandem.probe.grades, method: give, args: { partner_id: "=odoo.id", grade: "=external.grade" } }
deletes: { from_odoo: ignore, from_external: ignore }
`

interface Probe {
  readonly probe_label: string | false
  readonly probe_stamp: string | false
  readonly probe_grade: string | false
  readonly probe_calls: number
}

/** Controllers and methods of a module that only this Odoo has, called by the steps of a mapping over each protocol. */
export function describeOwnModule(series: OdooSeries): void {
  const isHere = hasRealOdoo(series) && realOdoo(series).addons !== null
  describe.skipIf(!isHere)(`a module of one's own in a real Odoo ${series}`, () => cases(series))
}

function cases(series: OdooSeries): void {
  let odoo: RealOdoo
  let uninstall: () => Promise<void>
  let tandem: RealTandem
  beforeAll(async () => {
    odoo = realOdoo(series)
    uninstall = await installOwnModule(odoo)
  })
  afterEach(() => tandem?.close())
  afterAll(() => uninstall?.())

  const probe = async (ref: string): Promise<Probe | undefined> => {
    const domain = [['ref', '=', `${tandem.mark}-${ref}`]]
    const fields = ['probe_label', 'probe_stamp', 'probe_grade', 'probe_calls']
    return (await asPerson<Probe[]>('res.partner', 'search_read', { domain, fields }, odoo))[0]
  }
  const steps = () => tandem.events.filter(({ kind }) => kind === 'step').map(({ message }) => message)

  it.each(PROTOCOLS_OF[series])('its controller and its methods are called once by steps over %s', async (protocol) => {
    const { auth, isUs } = AUTH[protocol]
    tandem = await openRealTandem({ odoo, protocol, table: TABLE, mapping: mapping(auth) })
    const insert = (ref: string, ...values: (string | null)[]): Promise<unknown> =>
      tandem.shop.query('INSERT INTO customers (code, full_name, label, stamp, grade) VALUES ($1, $2, $3, $4, $5)', [
        `${tandem.mark}-${ref}`,
        ref,
        ...values,
      ])
    await insert('A', 'fragile', '7', 'gold')
    await insert('B', null, null, null)
    await tandem.settle()
    const caller = isUs ? odoo.login : 'public'
    expect(await probe('A')).toMatchObject({
      probe_label: `fragile by ${caller}`,
      probe_stamp: `no. 7 by ${odoo.login}`,
      probe_grade: `gold by ${odoo.login}`,
      probe_calls: 3,
    })
    expect(await probe('B')).toMatchObject({ probe_label: false, probe_calls: 0 })
    expect(steps()).toEqual(['label: called', 'stamp: called', 'grade: called'])
    tandem.events.length = 0
    await tandem.settle()
    expect(tandem.events).toEqual([])

    // What the module refuses is told in its own words, and the fields go on.
    await tandem.shop.query(`UPDATE customers SET label = 'refused', full_name = 'Bob' WHERE full_name = 'B'`)
    await tandem.settle()
    const dead = await tandem.app().ledger.steps('customers', { state: 'dead', limit: 9 })
    expect(dead).toMatchObject([{ step: 'label', fault: { message: expect.stringContaining('No label for Bob.') } }])
    expect((await probe('B'))?.probe_calls).toBe(0)
  })
}
