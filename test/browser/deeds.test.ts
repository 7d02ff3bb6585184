import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { readSetup } from '../../src/app.ts'
import { runDaemon } from '../../src/daemon.ts'
import { openWorkspace, type Workspace } from '../cli/workspace.ts'
import { faultsOf } from './accessible.ts'
import { inBrowser, keepShot, launch, openPage, type Watched } from './browser.ts'

/** A daemon with its status page between a stand-in Odoo and a shop, and somebody who uses the page. */
interface Scene extends AsyncDisposable {
  readonly workspace: Workspace
  readonly url: string
}

async function openScene(): Promise<Scene> {
  const workspace = await openWorkspace()
  workspace.writeMapping({ 'conflict: odoo': 'conflict: manual' })
  appendFileSync(join(workspace.folder, 'config.yaml'), 'server: { listen: 0 }\n')
  const stopping = new AbortController()
  const listening = Promise.withResolvers<string>()
  const daemon = runDaemon({
    setup: readSetup(join(workspace.folder, 'config.yaml'), {}),
    emit: () => {},
    log: () => {},
    onListening: listening.resolve,
    signal: stopping.signal,
  })
  const url = await Promise.race([listening.promise, daemon.then(() => 'the daemon ended')])
  return {
    workspace,
    url,
    async [Symbol.asyncDispose]() {
      stopping.abort()
      await daemon
      await workspace[Symbol.asyncDispose]()
    },
  }
}

inBrowser('what a person does on the status page', () => {
  let browser: Browser
  let scene: Scene
  let watched: Watched
  let page: Page
  beforeAll(async () => {
    browser = await launch()
  })
  afterAll(() => browser.close())
  beforeEach(async () => {
    scene = await openScene()
    watched = await openPage(browser)
    page = watched.page
  })
  afterEach(async () => {
    await watched.close()
    await scene[Symbol.asyncDispose]()
  })

  const shopRow = (code: string) =>
    scene.workspace.shop.prepare('select full_name, email from customers where code = ?').get(code) as
      | { full_name: string; email: string | null }
      | undefined
  const odooRow = (id: number) => scene.workspace.odoo.as('admin').read('res.partner', [id], ['name', 'email'])[0]
  const until = async (isSo: () => boolean): Promise<void> => {
    await expect.poll(isSo, { timeout: 15_000, interval: 50 }).toBe(true)
  }

  /** A pair whose e-mail both sides changed. */
  async function makeConflict(ref: string): Promise<number> {
    const { odoo, shop, addPartners } = scene.workspace
    const [id = 0] = addPartners({ ref, name: `Name of ${ref}`, email: 'first@x.example' })
    await until(() => shopRow(ref) !== undefined)
    const database = odoo.as('admin')
    // What is known of before is what Tandem itself wrote.
    database.write('res.partner', [id], { email: 'base@x.example' })
    await until(() => shopRow(ref)?.email === 'base@x.example')
    await page.request.post(`${scene.url}/api/mappings/customers/pause`, { data: {} })
    database.write('res.partner', [id], { email: 'odoo@x.example' })
    shop.prepare('update customers set email = ? where code = ?').run('shop@x.example', ref)
    await page.request.post(`${scene.url}/api/mappings/customers/resume`)
    return id
  }

  it('decides a conflict with a click, and lets the other value win after all', async () => {
    const id = await makeConflict('C-1')
    await page.goto(`${scene.url}/conflicts`)
    await expect
      .poll(
        async () => {
          await page.reload()
          return page.getByRole('article').count()
        },
        { timeout: 15_000 },
      )
      .toBe(1)
    const card = page.getByRole('article', { name: 'customers C-1' })
    for (const text of ['base@x.example', 'odoo@x.example', 'shop@x.example']) await card.getByText(text).waitFor()
    await keepShot(page, 'deed-conflict')
    await card.getByRole('button', { name: 'External’s value wins' }).click()
    await page.getByText('decided, and written.').waitFor()
    expect(odooRow(id)).toMatchObject({ email: 'shop@x.example' })
    expect(page.url()).toBe(`${scene.url}/conflicts`)

    await page.keyboard.press('/')
    await page.getByLabel('Key or id').fill('C-1')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'C-1' }).waitFor()
    await keepShot(page, 'deed-story')
    await page.getByRole('button', { name: 'Let this value win after all' }).click()
    await page.getByText('It is written back.').waitFor()
    expect(odooRow(id)).toMatchObject({ email: 'odoo@x.example' })
    await until(() => shopRow('C-1')?.email === 'odoo@x.example')
    expect(await faultsOf(page)).toEqual([])
    expect(watched.complaints).toEqual([])
  })

  it('decides by keyboard alone', async () => {
    const id = await makeConflict('C-2')
    await page.goto(`${scene.url}/conflicts`)
    await expect
      .poll(
        async () => {
          await page.reload()
          return page.getByRole('article').count()
        },
        { timeout: 15_000 },
      )
      .toBe(1)
    await page.keyboard.press('Tab')
    expect(await page.locator(':focus').textContent()).toContain('Skip to the content')
    await page.keyboard.press('Enter')
    for (let tabs = 0; tabs < 10; tabs++) {
      await page.keyboard.press('Tab')
      if ((await page.locator(':focus').textContent())?.includes('Odoo’s value wins')) break
    }
    expect(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')).toBe('solid')
    await page.keyboard.press('Enter')
    await page.getByText('decided, and written.').waitFor()
    expect(odooRow(id)).toMatchObject({ email: 'odoo@x.example' })
    expect(shopRow('C-2')).toMatchObject({ email: 'odoo@x.example' })
  })

  it('mends a dead letter where it comes from, tries others again, and gives one up', async () => {
    const { addPartners } = scene.workspace
    const [first = 0, second = 0, third = 0] = addPartners(
      { ref: 'D-1', name: 'POISON', email: 'one@x.example' },
      { ref: 'D-2', name: 'POISON' },
      { ref: 'D-3', name: 'POISON' },
    )
    const list = `${scene.url}/dead-letters?mapping=customers`
    await page.goto(list)
    await expect
      .poll(
        async () => {
          await page.reload()
          return page.locator('tbody tr').count()
        },
        { timeout: 15_000 },
      )
      .toBe(3)
    await keepShot(page, 'deed-letters')
    await page.getByRole('link', { name: 'D-1' }).click()
    await page.getByLabel('name', { exact: true }).fill('Ann Lee')
    await keepShot(page, 'deed-letter')
    await page.getByRole('button', { name: 'Write and try again' }).click()
    await page.getByText('is mended').waitFor()
    expect(odooRow(first)).toMatchObject({ name: 'Ann Lee' })
    expect(shopRow('D-1')).toMatchObject({ full_name: 'Ann Lee', email: 'one@x.example' })

    // Still poisoned: it comes back, with one more attempt in its story.
    await page.getByRole('button', { name: 'Try D-2 again' }).click()
    await page.getByText('is being tried again').waitFor()
    await expect
      .poll(
        async () => {
          await page.goto(list)
          return page.locator('tbody tr').count()
        },
        { timeout: 15_000 },
      )
      .toBe(2)

    await page.getByRole('link', { name: 'D-3' }).click()
    const reason = page.getByLabel('Reason')
    await page.getByRole('button', { name: 'Discard' }).click()
    expect(await page.evaluate("document.querySelector('#reason').validity.valueMissing")).toBe(true)
    await reason.fill('a test record')
    await page.getByRole('button', { name: 'Discard' }).click()
    await page.getByText('is discarded').waitFor()
    await page.goto(`${scene.url}/trace/customers?odoo=${third}`)
    await page.getByText('a test record').waitFor()

    scene.workspace.odoo.as('admin').write('res.partner', [second], { name: 'Bo Nord' })
    await until(() => shopRow('D-2')?.full_name === 'Bo Nord')
    expect(watched.complaints).toEqual([])
  })

  it('says why an edit was refused, and keeps what was typed', async () => {
    const { addPartners } = scene.workspace
    const [id = 0] = addPartners({ ref: 'E-1', name: 'POISON' })
    const path = `${scene.url}/dead-letters/customers/odoo/${id}`
    await expect.poll(async () => (await page.goto(path))?.status(), { timeout: 15_000 }).toBe(200)
    await page.request.post(`${scene.url}/api/mappings/customers/pause`, { data: { reason: 'an audit' } })
    await page.getByLabel('name', { exact: true }).fill('Typed by me')
    await page.getByRole('button', { name: 'Write and try again' }).click()
    await page.locator('#notice').getByText('paused').waitFor()
    expect(await page.getByLabel('name', { exact: true }).inputValue()).toBe('Typed by me')
    expect(odooRow(id)).toMatchObject({ name: 'POISON' })
    expect(await faultsOf(page)).toEqual([])
  })

  it('shows what a resync would change before it is done', async () => {
    await makeConflict('R-1')
    await page.goto(`${scene.url}/mappings/customers`)
    await page.getByRole('button', { name: 'Verify' }).click()
    await page.getByRole('row', { name: /R-1/ }).getByText('shop@x.example').waitFor()
    expect(await faultsOf(page)).toEqual([])
    await page.getByRole('link', { name: 'Resync…' }).click()
    await page.getByLabel('Odoo’s').check()
    await page.getByLabel('by key').fill('R-1')
    await page.getByRole('button', { name: 'Dry run' }).click()
    const row = page.getByRole('row', { name: /R-1/ })
    await row.getByText('shop@x.example').waitFor()
    await row.getByText('odoo@x.example').waitFor()
    await keepShot(page, 'deed-dry-run')
    expect(await faultsOf(page)).toEqual([])
    expect(shopRow('R-1')?.email).toBe('shop@x.example')
    await page.getByRole('button', { name: 'Do it' }).click()
    await page.getByText('Done.').waitFor()
    await until(() => shopRow('R-1')?.email === 'odoo@x.example')
    expect(await faultsOf(page)).toEqual([])
    await page.goto(`${scene.url}/mappings/customers`)
    await page.getByRole('button', { name: 'Verify' }).click()
    await page.getByText('both sides say the same').waitFor()
    expect(watched.complaints).toEqual([])
  })

  it('pauses and resumes a mapping and a connection, with who and why', async () => {
    const { addPartners } = scene.workspace
    addPartners({ ref: 'P-1', name: 'Ann' })
    await until(() => shopRow('P-1') !== undefined)
    for (const [place, code] of [
      ['mappings/customers', 'P-2'],
      ['connections/shop', 'P-3'],
    ] as const) {
      await page.goto(`${scene.url}/${place}`)
      await page.getByLabel('Why').fill('stocktaking until noon')
      await page.getByRole('button', { name: 'Pause' }).click()
      await page.getByText('is paused.').waitFor()
      await page.goto(scene.url)
      await page.getByText('stocktaking until noon').first().waitFor()
      await keepShot(page, `deed-paused-${code}`)
      addPartners({ ref: code, name: 'Waits' })
      await new Promise((resolve) => setTimeout(resolve, 700))
      expect(shopRow(code)).toBeUndefined()
      await page.goto(`${scene.url}/${place}`)
      await page.getByRole('button', { name: 'Resume' }).click()
      await page.getByText('runs again').waitFor()
      await until(() => shopRow(code) !== undefined)
    }
    expect(watched.complaints).toEqual([])
  })

  it('works without its script', async () => {
    const id = await makeConflict('S-1')
    const plain = await openPage(browser, { scripts: false })
    await expect
      .poll(
        async () => {
          await plain.page.goto(`${scene.url}/conflicts?mapping=customers`)
          return plain.page.getByRole('article').count()
        },
        { timeout: 15_000 },
      )
      .toBe(1)
    await plain.page.getByRole('button', { name: 'Odoo’s value wins' }).click()
    await plain.page.getByText('S-1: decided, and written.').waitFor()
    expect(shopRow('S-1')).toMatchObject({ email: 'odoo@x.example' })
    expect(odooRow(id)).toMatchObject({ email: 'odoo@x.example' })
    await plain.close()
  })
})
