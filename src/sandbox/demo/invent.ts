import { JOBS, NOTES, PLACES, type Place } from './places.ts'

export type Random = () => number

export interface Company {
  readonly code: string
  readonly name: string
  readonly email: string
  readonly phone: string
  readonly website: string
  readonly street: string
  readonly zip: string
  readonly city: string
  readonly country: string
  readonly creditLimit: number
  /** HTML. */
  readonly note: string | null
  readonly isArchived: boolean
}

export interface Contact {
  /** null: nobody gave it one. */
  readonly code: string | null
  readonly name: string | null
  readonly email: string
  readonly phone: string
  readonly job: string
  /** The `code` of its company. */
  readonly company: string | null
  readonly isArchived: boolean
}

export function pick<T>(random: Random, items: readonly T[]): T {
  const item = items[Math.floor(random() * items.length)]
  if (item === undefined) throw new Error('Nothing to pick from.')
  return item
}

export function wholeNumber(random: Random, from: number, to: number): number {
  return from + Math.floor(random() * (to - from + 1))
}

export function somePlace(random: Random): Place {
  return pick(random, PLACES)
}

export function inventPhone(random: Random, place: Place): string {
  return `${place.dial} 555 01${String(wholeNumber(random, 0, 99)).padStart(2, '0')}`
}

export function inventStreet(random: Random, place: Place): string {
  return `${pick(random, place.streets)} ${wholeNumber(random, 1, 199)}`
}

export function inventCompany(random: Random, code: string): Company {
  const place = somePlace(random)
  const name = `${pick(random, place.family)} ${pick(random, place.trades)}`
  const domain = `${slug(name) || 'company'}-${slug(code)}.example`
  return {
    code,
    name,
    email: `hello@${domain}`,
    phone: inventPhone(random, place),
    website: `https://www.${domain}`,
    street: inventStreet(random, place),
    zip: place.zip,
    city: place.city,
    country: place.country,
    creditLimit: wholeNumber(random, 4, 400) * 25 + 0.5,
    note: random() < 0.3 ? `<p>${pick(random, NOTES)}</p>` : null,
    isArchived: random() < 0.05,
  }
}

export function inventContact(random: Random, code: string, company: string | null): Contact {
  const place = somePlace(random)
  const given = pick(random, place.given)
  const family = pick(random, place.family)
  return {
    code,
    name: `${given} ${family}`,
    email: `${slug(given) || 'mail'}.${slug(code)}@${slug(family) || 'mail'}.example`,
    phone: inventPhone(random, place),
    job: pick(random, JOBS),
    company,
    isArchived: random() < 0.04,
  }
}

/** "Møbel & Söhne" → "mobel-sohne": letters that a mail address takes. */
function slug(text: string): string {
  return text
    .normalize('NFD')
    .toLowerCase()
    .replace(/[^a-z0-9\s-]/g, '')
    .trim()
    .replace(/[\s-]+/g, '-')
}
