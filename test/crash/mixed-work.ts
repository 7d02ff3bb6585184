/** A bit of everything that people do on both sides, in two rounds, and what both sides must look like after each. */
import type { Bench } from './bench.ts'
import type { Customer } from './shop.ts'
import type { Partner, StandIn, Values } from './stand-in.ts'

export interface MixedWork {
  /** New records on both sides: with keys, without, with parents, known to both already, and one that each side refuses. */
  meet(): Promise<void>
  /** Edits, archived and deleted records, newcomers, on both sides. */
  edit(): Promise<void>
  /** What is not as it must be after `meet`, or after both. */
  problems(round: 'met' | 'edited'): Promise<readonly string[]>
}

/** What both sides say of one record. The key and `birth`, which nobody edits, are the same. */
interface Expected {
  readonly birth: string
  readonly key: string
  readonly name: string
  readonly email?: string
  readonly phone?: string
  readonly parent?: string
  readonly isArchived?: boolean
  /** The side where it was deleted, or which refuses it. */
  readonly missing?: 'odoo' | 'external'
}

export function mixedWork(standIn: StandIn, { mark, shop, partners }: Bench): MixedWork {
  const key = (name: string): string => `${mark}-${name}`
  const partnerIds = new Map<string, number>()
  const customerIds = new Map<string, number>()
  const inOdoo = async (birth: string, values: Values): Promise<number> => {
    const id = await standIn.create({
      function: mark,
      website: birthOf(birth),
      name: birth,
      ref: key(birth),
      ...values,
    })
    partnerIds.set(birth, id)
    return id
  }
  const inShop = (birth: string, values: Readonly<Record<string, string | number | null>>): number => {
    const id = shop.insert({ birth: birthOf(birth), full_name: birth, code: key(birth), ...values })
    customerIds.set(birth, id)
    return id
  }
  const partner = (birth: string): number => partnerIds.get(birth) ?? 0
  const customer = (birth: string): number => customerIds.get(birth) ?? 0

  return {
    async meet() {
      const child = await inOdoo('o-child', {})
      const parent = await inOdoo('o-parent', { is_company: true })
      await standIn.write(child, { parent_id: parent })
      await inOdoo('o-nameless', { ref: false })
      await inOdoo('o-poison', { name: 'poison' })
      for (const birth of ['o-edited', 'o-archived', 'o-deleted']) await inOdoo(birth, { phone: '1' })
      await inOdoo('both', { email: 'both@x' })
      const shopChild = inShop('s-child', {})
      shop.update(shopChild, { parent: inShop('s-parent', {}) })
      inShop('s-nameless', { code: null })
      inShop('s-poison', { full_name: null })
      for (const birth of ['s-edited', 's-archived', 's-deleted']) inShop(birth, { phone: '1' })
      inShop('both', { phone: '7' })
    },
    async edit() {
      const links = (await partners()).map(({ id, website }) => [nameOf(website), id] as const)
      for (const [birth, id] of links) partnerIds.set(birth, id)
      for (const { birth, id } of shop.customers()) customerIds.set(nameOf(birth), id)
      await standIn.write(partner('o-edited'), { phone: '2' })
      shop.update(customer('o-edited'), { email: 'edited@x' })
      shop.update(customer('s-edited'), { phone: '2' })
      await standIn.write(partner('s-edited'), { email: 'edited@x' })
      await standIn.write(partner('o-archived'), { active: false })
      shop.update(customer('s-archived'), { archived: 1 })
      await standIn.unlink(partner('o-deleted'))
      shop.remove(customer('s-deleted'))
      await inOdoo('o-later', { parent_id: partner('o-parent') })
      await inOdoo('o-nameless-later', { ref: false })
      inShop('s-later', { parent: customer('s-parent') })
      inShop('s-nameless-later', { code: null })
      shop.update(customer('s-poison'), { full_name: 'cured' })
    },
    async problems(round) {
      const generated = (birth: string): string =>
        `${mark}-${birth.startsWith('o') ? `odoo-${partner(birth)}` : `external-${customer(birth)}`}`
      return compare(expected(round === 'edited', key, generated), await partners(), shop.customers())
    },
  }
}

function expected(isEdited: boolean, key: (birth: string) => string, generated: (birth: string) => string): Expected[] {
  const keyed = (birth: string, more: Partial<Expected> = {}): Expected => ({
    birth,
    key: key(birth),
    name: birth,
    ...more,
  })
  const nameless = (birth: string): Expected => ({ birth, key: generated(birth), name: birth })
  const edited = isEdited ? { phone: '2', email: 'edited@x' } : { phone: '1' }
  const archived = { phone: '1', isArchived: isEdited }
  const deleted = (missing: 'odoo' | 'external'): Partial<Expected> => (isEdited ? { ...archived, missing } : archived)
  const records = [
    keyed('both', { email: 'both@x', phone: '7' }),
    keyed('o-poison', { name: 'poison', missing: 'external' }),
    keyed('s-poison', isEdited ? { name: 'cured' } : { name: '', missing: 'odoo' }),
    ...(['o', 's'] as const).flatMap((at) => [
      keyed(`${at}-child`, { parent: `${at}-parent` }),
      keyed(`${at}-parent`),
      nameless(`${at}-nameless`),
      keyed(`${at}-edited`, edited),
      keyed(`${at}-archived`, archived),
      keyed(`${at}-deleted`, deleted(at === 'o' ? 'odoo' : 'external')),
    ]),
  ]
  if (!isEdited) return records
  const later = ['o', 's'].flatMap((at) => [
    keyed(`${at}-later`, { parent: `${at}-parent` }),
    nameless(`${at}-nameless-later`),
  ])
  return [...records, ...later]
}

/** What both sides have, told in the same words. */
function compare(all: readonly Expected[], partners: readonly Partner[], customers: readonly Customer[]): string[] {
  const partnerName = new Map(partners.map(({ id, website }) => [id, nameOf(website)]))
  const customerName = new Map(customers.map(({ id, birth }) => [id, nameOf(birth)]))
  const odoo = partners.map(({ website, ref, name, email, phone, parent_id, active }) =>
    told(nameOf(website), ref, name, email, phone, parent_id && partnerName.get(parent_id[0]), !active),
  )
  const external = customers.map(({ birth, code, full_name, email, phone, parent, archived }) =>
    told(
      nameOf(birth),
      code,
      full_name,
      email,
      phone,
      parent === null ? null : customerName.get(parent),
      archived === 1,
    ),
  )
  const wanted = (side: 'odoo' | 'external'): string[] =>
    all
      .filter(({ missing }) => missing !== side)
      .map((one) => told(one.birth, one.key, one.name, one.email, one.phone, one.parent, one.isArchived === true))
  return [...contrast('odoo', odoo, wanted('odoo')), ...contrast('external', external, wanted('external'))]
}

function told(...values: readonly (string | number | boolean | null | undefined)[]): string {
  return values.map((value) => (value === false || value === '' ? null : (value ?? null))).join(' | ')
}

/** As bags: a record that is there twice is told as well. */
function contrast(side: string, actual: readonly string[], wanted: readonly string[]): string[] {
  const left = [...wanted]
  const excess = actual.filter((line) => {
    const at = left.indexOf(line)
    if (at >= 0) left.splice(at, 1)
    return at < 0
  })
  return [...excess.map((line) => `${side} has ${line}`), ...left.map((line) => `${side} lacks ${line}`)]
}

/** How a record is called in the field that nobody edits: Odoo wants an address there. */
function birthOf(name: string): string {
  return `http://${name}`
}

function nameOf(birth: string | false | null): string {
  return String(birth).replace('http://', '')
}
