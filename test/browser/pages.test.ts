import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { FieldConflict } from '../../src/ledger/change.ts'
import { type Listening, listen } from '../../src/server/listen.ts'
import { type Fixture, openFixture } from '../server/fixture.ts'
import { faultsOf } from './accessible.ts'
import { inBrowser, keepShot, type Look, launch, openPage } from './browser.ts'

const LONG_MAPPING = 'a-mapping-whose-name-somebody-has-made-long-because-it-should-say-everything-about-it'
const NAMES = [
  'مؤسسة الفجر للتجارة والتوزيع المحدودة',
  'חברת החשמל לישראל בע״מ',
  `Donaudampfschifffahrts${'gesellschaftskapitän'.repeat(8)} & Co.`,
  '<script>document.title = "taken over"</script><img src=x onerror="document.title = 1">',
  '株式会社タンデム',
  'Zoe Park',
]
const FAULTS = [
  {
    code: 'constraint',
    message: `Odoo refused res.partner.create: ${NAMES[2]} is there already`,
    hint: 'Merge the two.',
  },
  { code: 'invalid', message: `email: "${NAMES[3]}" is no e-mail address`, hint: null },
  { code: 'unresolved', message: `country "${NAMES[0]}": there is none`, hint: 'Make it, or correct the value.' },
] as const

const of = <T>(items: readonly T[], index: number): T => items[index % items.length] as T

async function fill(fixture: Fixture, count: number): Promise<void> {
  const letters = Array.from({ length: count }, (_, index) => ({
    id: String(index + 1),
    fields: {
      name: of(NAMES, index),
      email: `p${index}@x.example`,
      phone: null,
      comment: 'long '.repeat(80),
      active: true,
    },
    fault: of(FAULTS, index),
  }))
  await fixture.addDeadLetters('customers', letters)
  const conflicts = Array.from({ length: Math.min(count, 500) }, (_, index) => {
    const name: FieldConflict = { field: 'name:full_name', odoo: of(NAMES, index), external: of(NAMES, index + 1) }
    const email: FieldConflict = { field: 'email:email', odoo: null, external: 'a@x.example' }
    const id = String(900_000 + index)
    return { odooId: id, externalId: `X${id}`, key: `C-${index}`, conflicts: index % 2 === 0 ? [name] : [name, email] }
  })
  await fixture.addConflicts('customers', conflicts)
  await fixture.addHistory('customers', [
    {
      ...{
        atMs: Date.now() - 60_000,
        event: 'updated',
        side: 'external',
        odooId: '900000',
        externalId: 'X900000',
        key: 'C-0',
      },
      detail: { before: { full_name: 'Old' }, after: { full_name: of(NAMES, 0) } },
    },
    {
      ...{
        atMs: Date.now() - 30_000,
        event: 'lost',
        side: 'odoo',
        odooId: '900000',
        externalId: 'X900000',
        key: 'C-0',
      },
      detail: { field: 'phone:phone', value: '+43 1 111', winner: NAMES[2] },
    },
  ])
}

const LOOKS: Readonly<Record<string, Look>> = {
  desk: {},
  'desk-dark': { scheme: 'dark' },
  phone: { width: 360 },
  'phone-dark': { width: 360, scheme: 'dark' },
}
/** Two at a time: every light and every width, if not each with each. */
const { desk = {}, 'desk-dark': deskDark = {}, phone = {}, 'phone-dark': phoneDark = {} } = LOOKS
const TWO_LOOKS = { desk, 'phone-dark': phoneDark }
const OTHER_LOOKS = { 'desk-dark': deskDark, phone }

inBrowser('the status page', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launch()
  })
  afterAll(() => browser.close())

  async function serve(count: number): Promise<{ fixture: Fixture; listening: Listening; url: string }> {
    const fixture = await openFixture({ mappings: count === 0 ? ['customers'] : ['customers', LONG_MAPPING] })
    await fill(fixture, count)
    const listening = await listen(fixture.app, { host: '127.0.0.1', port: 0 })
    return { fixture, listening, url: `http://127.0.0.1:${listening.port}` }
  }

  it.each([0, 1, 50, 10_000])('is in order with %i rows, in every light and width', async (count) => {
    const { fixture, listening, url } = await serve(count)
    const pages: Record<string, string> = { overview: '/', conflicts: '/conflicts', letters: '/dead-letters' }
    const found: Record<string, string[]> = {}
    for (const [lookName, look] of Object.entries(count === 0 || count > 50 ? TWO_LOOKS : OTHER_LOOKS)) {
      const { page, complaints, close } = await openPage(browser, look)
      for (const [name, path] of Object.entries(pages)) {
        await page.goto(url + path)
        await keepShot(page, `${name}-${count}-${lookName}`, count <= 1 || name === 'overview')
        const faults = [...(await faultsOf(page)), ...complaints.splice(0)]
        if (faults.length > 0) found[`${lookName} ${path}`] = faults
        expect(await page.title()).not.toMatch(/taken over|^1$/)
      }
      await close()
    }
    expect(found).toEqual({})
    await listening.close(1000)
    await fixture[Symbol.asyncDispose]()
  })

  it('is in order on every other page, too', async () => {
    const { fixture, listening, url } = await serve(50)
    const paths: Record<string, string> = {
      mapping: '/mappings/customers',
      'long-mapping': `/mappings/${LONG_MAPPING}`,
      resync: '/mappings/customers/resync',
      guards: '/mappings/customers/guards',
      connection: '/connections/erp',
      conflict: '/conflicts/customers/odoo/900002',
      'all-conflicts': '/conflicts/all?mapping=customers',
      letter: '/dead-letters/customers/odoo/4',
      discarded: '/dead-letters?state=discarded',
      find: '/trace',
      'not-found': '/trace?q=nobody',
      story: '/trace/customers?odoo=900000',
    }
    const found: Record<string, string[]> = {}
    for (const [lookName, look] of Object.entries(TWO_LOOKS)) {
      const { page, complaints, close } = await openPage(browser, look)
      for (const [name, path] of Object.entries(paths)) {
        const answer = await page.goto(url + path)
        expect([path, answer?.status()]).toEqual([path, 200])
        await keepShot(page, `${name}-${lookName}`)
        const faults = [...(await faultsOf(page)), ...complaints.splice(0)]
        if (faults.length > 0) found[`${lookName} ${path}`] = faults
      }
      await close()
    }
    expect(found).toEqual({})
    expect(fixture.defects).toEqual([])
    await listening.close(1000)
    await fixture[Symbol.asyncDispose]()
  })

  it('shows text from right to left the way it is read, and no markup of strangers', async () => {
    const { fixture, listening, url } = await serve(6)
    const { page, close } = await openPage(browser)
    await page.goto(`${url}/conflicts`)
    const arabic = page.getByText(of(NAMES, 0), { exact: true }).first()
    await arabic.waitFor()
    expect(
      await page.evaluate(
        `getComputedStyle([...document.querySelectorAll('.value')].find((each) => each.textContent === ${JSON.stringify(of(NAMES, 0))})).direction`,
      ),
    ).toBe('rtl')
    expect(await page.getByText(of(NAMES, 3)).count()).toBeGreaterThan(0)
    expect(await page.locator('main script, main img[src=x]').count()).toBe(0)
    await close()
    await listening.close(1000)
    await fixture[Symbol.asyncDispose]()
  })

  it('draws its chart and keeps itself up to date while somebody looks', async () => {
    const { fixture, listening, url } = await serve(1)
    const { page, complaints, close } = await openPage(browser)
    await page.clock.install()
    await page.goto(url)
    await page.locator('.chart canvas').waitFor()
    await page.locator('tr', { hasText: 'customers' }).first().getByText('1', { exact: true }).first().waitFor()
    await fixture.addDeadLetters('customers', [{ id: 'new', fields: {}, fault: FAULTS[1] }])
    await page.clock.runFor(6000)
    await page.getByText('2 dead letters').waitFor()
    expect(await page.locator('.chart canvas').count()).toBe(1)
    expect(complaints).toEqual([])
    await close()
    await listening.close(1000)
    await fixture[Symbol.asyncDispose]()
  })

  it('asks for the token where one is set, and lets in with it', async () => {
    const token = 'a-token-that-is-long-enough-0123456789'
    const fixture = await openFixture({ server: `listen: "127.0.0.1:0", token: "${token}"` })
    const listening = await listen(fixture.app, { host: '127.0.0.1', port: 0 })
    for (const look of Object.values(TWO_LOOKS)) {
      const { page, close } = await openPage(browser, look)
      await page.goto(`http://127.0.0.1:${listening.port}/dead-letters?state=discarded`)
      expect(await faultsOf(page)).toEqual([])
      await page.keyboard.type('wrong')
      await page.keyboard.press('Enter')
      await page.getByRole('alert').getByText('That is not the token').waitFor()
      await page.getByLabel('Token').fill(token)
      await page.keyboard.press('Enter')
      await page.getByRole('heading', { name: 'Dead letters' }).waitFor()
      expect(new URL(page.url()).search).toBe('?state=discarded')
      await page.getByRole('button', { name: 'Log out' }).click()
      await page.getByLabel('Token').waitFor()
      await page.goto(`http://127.0.0.1:${listening.port}/`)
      await page.getByLabel('Token').waitFor()
      await close()
    }
    await listening.close(1000)
    await fixture[Symbol.asyncDispose]()
  })
})
