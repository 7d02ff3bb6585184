import type { Company, Contact } from './invent.ts'
import type { OdooOffice, OdooValues } from './odoo-office.ts'
import type { Population } from './population.ts'
import type { Shop, ShopValues } from './shop.ts'

/** Ids of Odoo's countries by code. */
export type CountryIds = ReadonlyMap<string, number>

export async function readCountryIds(odoo: OdooOffice): Promise<CountryIds> {
  const countries = await odoo.searchRead('res.country', [], ['code'])
  return new Map(countries.map((country) => [String(country.code), Number(country.id)]))
}

/** Fills both sides with what they had before anybody thought of keeping them in step. */
export async function seedBoth(
  { companies, contacts }: Population,
  odoo: OdooOffice,
  shop: Shop,
  countries: CountryIds,
): Promise<void> {
  const inOdoo = companies.flatMap((placed) => placed.odoo ?? [])
  const ids = await odoo.create(
    'res.partner',
    inOdoo.map((company) => odooCompany(company, countries)),
  )
  const odooIds = new Map(inOdoo.map((company, index) => [company.code, ids[index] ?? 0]))
  await odoo.create(
    'res.partner',
    contacts.flatMap((placed) => (placed.odoo ? [odooContact(placed.odoo, odooIds)] : [])),
  )
  shop.together(() => {
    const shopIds = new Map<string, number>()
    for (const { shop: company } of companies) {
      if (company) shopIds.set(company.code, shop.insert('companies', shopCompany(company)))
    }
    for (const { shop: contact } of contacts) if (contact) shop.insert('contacts', shopContact(contact, shopIds))
  })
}

export function odooCompany(company: Company, countries: CountryIds): OdooValues {
  const { name, email, phone, website, street, zip, city } = company
  return {
    is_company: true,
    customer_rank: 1,
    ref: company.code || false,
    ...{ name, email, phone, website, street, zip, city },
    country_id: countries.get(company.country) ?? false,
    x_credit_limit: company.creditLimit,
    comment: company.note ?? false,
    active: !company.isArchived,
  }
}

export function odooContact(contact: Contact, companyIds: ReadonlyMap<string, number>): OdooValues {
  const { name, email, phone } = contact
  return {
    customer_rank: 1,
    ref: contact.code ?? false,
    ...{ name, email, phone },
    function: contact.job,
    parent_id: (contact.company !== null && companyIds.get(contact.company)) || false,
    active: !contact.isArchived,
  }
}

export function shopCompany(company: Company): ShopValues {
  const { code, name, email, phone, website, street, zip, city, country, note } = company
  return {
    ...{ code, name, email, phone, website, street, zip, city, country, note },
    credit_limit: company.creditLimit,
    archived: company.isArchived ? 1 : 0,
  }
}

export function shopContact(contact: Contact, companyIds: ReadonlyMap<string, number>): ShopValues {
  const { code, name, email, phone, job } = contact
  return {
    ...{ code, name, email, phone, job },
    company_id: (contact.company !== null && companyIds.get(contact.company)) || null,
    archived: contact.isArchived ? 1 : 0,
  }
}
