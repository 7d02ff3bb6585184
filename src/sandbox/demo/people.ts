import type { Side } from '../../mapping/mapping.ts'
import { type FieldEdit, inventEdits } from './edits.ts'
import { inventCompany, inventContact, pick, type Random } from './invent.ts'
import type { Narrator } from './narrator.ts'
import type { OdooOffice } from './odoo-office.ts'
import { codeOf, NAMELESS_CODE } from './population.ts'
import { type CountryIds, odooCompany, odooContact, shopCompany, shopContact } from './seed.ts'
import type { Shop, ShopTable } from './shop.ts'

const MODEL = 'res.partner'
/** A record that was touched is left alone for so long: what happened to it can be read, and has arrived. */
const REST_MS = 15_000
const STAFF: Readonly<Record<Side, readonly string[]>> = {
  odoo: ['Dirk', 'Eva', 'Femi'],
  external: ['Ann', 'Bilal', 'Chloé'],
}

/** A record that both sides have. */
export interface Member {
  readonly mapping: ShopTable
  readonly odooId: string
  readonly externalId: string
  readonly key: string
}

export interface Office {
  readonly odoo: OdooOffice
  readonly shop: Shop
  readonly countries: CountryIds
  readonly narrator: Narrator
  readonly random: Random
  readonly monotonicMs: () => number
  /** Who is on both sides by now. */
  readonly members: () => Promise<readonly Member[]>
}

/** The people of both sides: what they can do to the customers. A move finds its own record. */
export interface People {
  edit(side: Side): Promise<void>
  /** Two people, one record, different fields. */
  editTogether(): Promise<void>
  /** Two people, one record, the same field. */
  collide(): Promise<void>
  add(side: Side, table: ShopTable): Promise<void>
  archive(side: Side): Promise<void>
  remove(side: Side): Promise<void>
  /** Gives the contact that Odoo refused its name. */
  mend(): Promise<void>
}

export function createPeople(office: Office): People {
  const { narrator, random, countries } = office
  const touchedMs = new Map<string, number>()
  let newcomers = 1000

  const choose = async (fits: (member: Member) => boolean = () => true): Promise<Member | null> => {
    const nowMs = office.monotonicMs()
    const isRested = ({ key }: Member): boolean => nowMs - (touchedMs.get(key) ?? Number.NEGATIVE_INFINITY) > REST_MS
    const rested = (await office.members()).filter((member) => isRested(member) && fits(member))
    if (rested.length === 0) return null
    const member = pick(random, rested)
    touchedMs.set(member.key, nowMs)
    return member
  }
  const announce = (side: Side, member: Member, verb: string, what: string): void => {
    const id = side === 'odoo' ? member.odooId : member.externalId
    narrator.deed({ side, mapping: member.mapping, id, key: member.key, who: by(random, side, verb), what })
  }
  const type = async (side: Side, member: Member, edit: FieldEdit): Promise<void> => {
    announce(side, member, 'edited', `${edit.label} ${edit.shown}`)
    if (side === 'odoo') await office.odoo.write(MODEL, Number(member.odooId), edit.odoo)
    else office.shop.update(member.mapping, Number(member.externalId), edit.shop)
  }
  const editFields = async (count: 1 | 2, sides: readonly Side[]): Promise<void> => {
    const member = await choose()
    if (!member) return
    const edits = inventEdits(random, member.mapping, count, countries)
    for (const [index, side] of sides.entries()) {
      const edit = edits[index % edits.length]
      if (edit) await type(side, member, edit)
    }
  }
  return {
    edit: (side) => editFields(1, [side]),
    // Odoo's people first: the shop's database wakes the daemon at once, and by then both edits are there.
    editTogether: () => editFields(2, ['odoo', 'external']),
    async collide() {
      const member = await choose()
      if (!member) return
      const [first] = inventEdits(random, member.mapping, 1, countries)
      if (first) await type('odoo', member, first)
      // The same kind of field, another value.
      for (let tries = 0; first && tries < 100; tries++) {
        const [second] = inventEdits(random, member.mapping, 1, countries)
        if (second?.label === first.label && second.shown !== first.shown) return type('external', member, second)
      }
    },
    async add(side, table) {
      newcomers += 1
      const employer = table === 'contacts' ? await choose(({ mapping }) => mapping === 'companies') : null
      await addCustomer(office, side, table, newcomers, employer)
    },
    async archive(side) {
      const member = await choose()
      if (!member) return
      announce(side, member, 'archived', '')
      if (side === 'odoo') await office.odoo.write(MODEL, Number(member.odooId), { active: false })
      else office.shop.update(member.mapping, Number(member.externalId), { archived: 1 })
    },
    async remove(side) {
      const isAlone = ({ mapping, externalId }: Member): boolean =>
        mapping === 'contacts' || (side === 'external' && !office.shop.hasContacts(Number(externalId)))
      const member = await choose(isAlone)
      if (!member) return
      announce(side, member, 'deleted', '')
      if (side === 'odoo') await office.odoo.unlink(MODEL, Number(member.odooId))
      else office.shop.remove(member.mapping, Number(member.externalId))
    },
    async mend() {
      const id = office.shop.idOf('contacts', NAMELESS_CODE)
      const { name } = inventContact(random, NAMELESS_CODE, null)
      const who = by(random, 'external', 'edited')
      narrator.deed({
        side: 'external',
        mapping: 'contacts',
        id: String(id),
        key: NAMELESS_CODE,
        who,
        what: `name ${name}`,
      })
      office.shop.update('contacts', id, { name })
    },
  }
}

function by(random: Random, side: Side, verb: string): string {
  return `${pick(random, STAFF[side])} ${verb}`
}

/** A new customer. Odoo's people give it no reference: that is the daemon's to find. */
async function addCustomer(
  office: Office,
  side: Side,
  table: ShopTable,
  number: number,
  employer: Member | null,
): Promise<void> {
  const { random, countries, odoo, shop, narrator } = office
  const code = codeOf(table === 'companies' ? 'C' : 'P', number)
  const company = { ...inventCompany(random, code), isArchived: false }
  const contact = { ...inventContact(random, code, employer?.key ?? null), isArchived: false }
  const what = (table === 'companies' ? company.name : contact.name) ?? ''
  const who = by(random, side, 'added')
  if (side === 'external') {
    const companyIds = new Map(employer ? [[employer.key, Number(employer.externalId)]] : [])
    const row = table === 'companies' ? shopCompany(company) : shopContact(contact, companyIds)
    const id = shop.insert(table, row)
    narrator.deed({ side, mapping: table, id: String(id), key: code, who, what })
    return
  }
  const companyIds = new Map(employer ? [[employer.key, Number(employer.odooId)]] : [])
  const values =
    table === 'companies' ? odooCompany(company, countries) : odooContact({ ...contact, code: null }, companyIds)
  const [id] = await odoo.create(MODEL, [{ ...values, ref: false }])
  narrator.deed({ side, mapping: table, id: String(id), key: '', who, what })
}
