import { expect, test, vi } from 'vitest'
import { asPerson } from '../real/person.ts'
import { cook, expectDone, expectInStep } from './kitchen.ts'

const { STRAPI_URL: url, STRAPI_TOKEN: token, STRAPI_HOOK_PORT: hookPort = '' } = process.env
const within = { timeout: 20_000, interval: 100 }
type Entry = Record<string, unknown>

async function strapi(method: string, path: string, data?: object): Promise<Entry[]> {
  const answer = await fetch(`${url}/api${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(data === undefined ? {} : { body: JSON.stringify({ data }) }),
  })
  expect(answer.ok, `${method} ${path}: ${answer.status}`).toBe(true)
  if (answer.status === 204) return []
  const body = (await answer.json()) as { data: Entry | Entry[] }
  return Array.isArray(body.data) ? body.data : [body.data]
}

const customer = async (code: string) => (await strapi('GET', `/customers?filters[code][$eq]=${code}`))[0]
const product = async (sku: string) => (await strapi('GET', `/products?filters[sku][$eq]=${sku}`))[0]
const inOdoo = (model: string, key: string, value: string, fields: string[]) =>
  asPerson<Entry[]>(model, 'search_read', { domain: [[key, '=', value]], fields, context: { active_test: false } })

test('customers, both ways', async () => {
  using kitchen = cook('strapi')
  await expectDone(kitchen.tandem('check'))
  const ref = `R-${Date.now()}`
  const [id] = await asPerson<number[]>('res.partner', 'create', {
    vals_list: [{ name: 'Berta', ref, email: `${ref}@x.example` }],
  })
  const [ann] = await strapi('POST', '/customers', { code: `S-${ref}`, name: 'Ann', country: 'CH' })
  await expectInStep(kitchen, 'customers')
  expect(await customer(ref)).toMatchObject({ name: 'Berta', blocked: false })
  expect(await inOdoo('res.partner', 'ref', `S-${ref}`, ['name', 'country_code'])).toMatchObject([
    { name: 'Ann', country_code: 'CH' },
  ])

  // Different fields on both sides, and a delete, which archives.
  await asPerson('res.partner', 'write', { ids: [id], vals: { phone: '+41 44 111 22 33' } })
  const berta = await customer(ref)
  await strapi('PUT', `/customers/${String(berta?.documentId)}`, { city: 'Bern' })
  await strapi('DELETE', `/customers/${String(ann?.documentId)}`)
  await expectDone(kitchen.tandem('sync', '--sweep'))
  await expectInStep(kitchen, 'customers')
  expect(await customer(ref)).toMatchObject({ city: 'Bern', phone: '+41 44 111 22 33' })
  expect(await inOdoo('res.partner', 'ref', `S-${ref}`, ['active'])).toMatchObject([{ active: false }])
})

test('products, both ways', async () => {
  using kitchen = cook('strapi')
  const sku = `P-${Date.now()}`
  const [id] = await asPerson<number[]>('product.template', 'create', {
    vals_list: [{ name: 'Chair', default_code: sku, list_price: 19.9 }],
  })
  await strapi('POST', '/products', { sku: `S-${sku}`, name: 'Table', description: 'Of oak.', price: 120 })
  await expectInStep(kitchen, 'products')
  expect(await product(sku)).toMatchObject({ name: 'Chair', price: 19.9 })
  const fields = ['name', 'description_sale', 'list_price']
  expect(await inOdoo('product.template', 'default_code', `S-${sku}`, fields)).toMatchObject([
    { name: 'Table', description_sale: 'Of oak.', list_price: 120 },
  ])

  await asPerson('product.template', 'write', { ids: [id], vals: { list_price: 21 } })
  const chair = await product(sku)
  await strapi('PUT', `/products/${String(chair?.documentId)}`, { description: 'Red.' })
  await expectInStep(kitchen, 'products')
  expect(await product(sku)).toMatchObject({ price: 21, description: 'Red.' })
  expect(await inOdoo('product.template', 'default_code', sku, ['description_sale'])).toMatchObject([
    { description_sale: 'Red.' },
  ])
})

test("Strapi's webhooks bring a change at once", async () => {
  using kitchen = cook('strapi')
  await expectDone(kitchen.tandem('sync'))
  await using _daemon = await kitchen.run(hookPort)
  const ref = `H-${Date.now()}`
  const [ann] = await strapi('POST', '/customers', { code: ref, name: 'Ann' })
  const ofAnn = () => inOdoo('res.partner', 'ref', ref, ['name', 'active'])
  await vi.waitFor(async () => expect(await ofAnn()).toMatchObject([{ name: 'Ann' }]), within)
  await strapi('PUT', `/customers/${String(ann?.documentId)}`, { name: 'Ann Lee' })
  await vi.waitFor(async () => expect(await ofAnn()).toMatchObject([{ name: 'Ann Lee' }]), within)
  await strapi('POST', '/products', { sku: ref, name: 'Lamp' })
  const ofLamp = () => inOdoo('product.template', 'default_code', ref, ['name'])
  await vi.waitFor(async () => expect(await ofLamp()).toMatchObject([{ name: 'Lamp' }]), within)
  await strapi('DELETE', `/customers/${String(ann?.documentId)}`)
  await vi.waitFor(async () => expect(await ofAnn()).toMatchObject([{ active: false }]), within)
})
