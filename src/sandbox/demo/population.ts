import {
  type Company,
  type Contact,
  inventCompany,
  inventContact,
  inventPhone,
  pick,
  type Random,
  somePlace,
  wholeNumber,
} from './invent.ts'
import { JOBS } from './places.ts'

/** A customer as each side has it at the start; null: not at all. */
export interface Placed<T> {
  readonly odoo: T | null
  readonly shop: T | null
}

/** What both sides hold before they meet, and the records that will make trouble. */
export interface Population {
  readonly companies: readonly Placed<Company>[]
  readonly contacts: readonly Placed<Contact>[]
}

const COMPANIES = 120
const CONTACTS = 200
/** Two contacts in Odoo carry it. */
export const DOUBLE_CODE = 'P-0900'
/** Has no name in the shop, so Odoo refuses it. */
export const NAMELESS_CODE = 'P-0901'

export function inventPopulation(random: Random): Population {
  const companies = Array.from({ length: COMPANIES }, (_, index) => {
    const company = inventCompany(random, codeOf('C', index + 1))
    return placed(random, company, (other) => differing(random, other))
  })
  const contacts = Array.from({ length: CONTACTS }, (_, index) => inventPlacedContact(random, index + 1, companies))
  return { companies, contacts: [...contacts, ...troublemakers(random)] }
}

export function codeOf(letter: 'C' | 'P', number: number): string {
  return `${letter}-${String(number).padStart(4, '0')}`
}

/** On both sides in most cases, and then sometimes not quite the same. */
function placed<T>(random: Random, record: T, change: (record: T) => T): Placed<T> {
  const share = random()
  if (share < 0.2) return { odoo: record, shop: null }
  if (share < 0.4) return { odoo: null, shop: record }
  return share < 0.55 ? { odoo: change(record), shop: record } : { odoo: record, shop: record }
}

function differing(random: Random, company: Company): Company {
  const changed = { ...company, phone: inventPhone(random, somePlace(random)) }
  return random() < 0.5 ? changed : { ...changed, creditLimit: wholeNumber(random, 4, 400) * 25 }
}

/** Only where its company is; a few on both sides have no code in Odoo yet and are known by their address for mail. */
function inventPlacedContact(random: Random, number: number, companies: readonly Placed<Company>[]): Placed<Contact> {
  const employer = random() < 0.85 ? pick(random, companies) : null
  const company = employer?.odoo?.code ?? employer?.shop?.code ?? null
  const contact = inventContact(random, codeOf('P', number), company)
  const { odoo, shop } = placed(random, contact, (other) => ({ ...other, job: pick(random, JOBS) }))
  const isUncoded = odoo !== null && shop !== null && random() < 0.06
  const isOnlyIn = { odoo: employer !== null && employer.shop === null, shop: employer !== null && !employer.odoo }
  if (isOnlyIn.odoo) return { odoo: odoo ?? contact, shop: null }
  if (isOnlyIn.shop) return { odoo: null, shop: shop ?? contact }
  return isUncoded ? { odoo: { ...odoo, code: null }, shop } : { odoo, shop }
}

function troublemakers(random: Random): readonly Placed<Contact>[] {
  const [first, second] = [inventContact(random, DOUBLE_CODE, null), inventContact(random, `${DOUBLE_CODE}b`, null)]
  const nameless = inventContact(random, NAMELESS_CODE, null)
  return [
    { odoo: { ...first, isArchived: false }, shop: null },
    { odoo: { ...second, code: DOUBLE_CODE, isArchived: false }, shop: null },
    { odoo: null, shop: { ...nameless, name: null, isArchived: false } },
  ]
}
