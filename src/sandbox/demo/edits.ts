import { inventPhone, inventStreet, pick, type Random, somePlace, wholeNumber } from './invent.ts'
import type { OdooValues } from './odoo-office.ts'
import { JOBS, NOTES, PLACES } from './places.ts'
import type { CountryIds } from './seed.ts'
import type { ShopTable, ShopValues } from './shop.ts'

/** A new value for one field, as each side's people would type it. */
export interface FieldEdit {
  readonly label: string
  readonly shown: string
  readonly odoo: OdooValues
  readonly shop: ShopValues
}

type Editor = (random: Random, countries: CountryIds) => FieldEdit

function same(label: string, value: string, odooName = label, shopName = odooName): FieldEdit {
  return { label, shown: value, odoo: { [odooName]: value }, shop: { [shopName]: value } }
}

const phone: Editor = (random) => same('phone', inventPhone(random, somePlace(random)))
const email: Editor = (random) => same('email', `desk${wholeNumber(random, 100, 999)}@mail.example`)

const EDITORS: Readonly<Record<ShopTable, readonly Editor[]>> = {
  companies: [
    phone,
    email,
    (random) => same('street', inventStreet(random, somePlace(random))),
    // Odoo puts "http://" before it, which must not come back as a change.
    (random) => same('website', `www.site${wholeNumber(random, 100, 999)}.example`),
    (random) => same('note', `<p>${pick(random, NOTES)}</p>`, 'comment', 'note'),
    (random, countries) => {
      const { country } = pick(random, PLACES)
      return {
        label: 'country',
        shown: country,
        odoo: { country_id: countries.get(country) ?? false },
        shop: { country },
      }
    },
    (random) => {
      const limit = wholeNumber(random, 4, 400) * 25 + 0.25
      return {
        label: 'credit limit',
        shown: limit.toFixed(2),
        odoo: { x_credit_limit: limit },
        shop: { credit_limit: limit },
      }
    },
  ],
  contacts: [phone, email, (random) => same('job', pick(random, JOBS), 'function', 'job')],
}

/** Edits of `count` different fields. */
export function inventEdits(
  random: Random,
  table: ShopTable,
  count: 1 | 2,
  countries: CountryIds,
): readonly FieldEdit[] {
  const editors = EDITORS[table]
  const first = wholeNumber(random, 0, editors.length - 1)
  const second = (first + wholeNumber(random, 1, editors.length - 1)) % editors.length
  return [first, second].slice(0, count).flatMap((index) => editors[index]?.(random, countries) ?? [])
}
