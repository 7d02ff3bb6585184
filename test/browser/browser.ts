import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import { describe } from 'vitest'

const PATH = process.env.TANDEM_CHROMIUM ?? ''
const SHOTS = process.env.TANDEM_SHOTS ?? ''

/** Where there is no Chromium, `npm run test:browser` says why, and these are skipped. */
export const inBrowser = PATH === '' ? describe.skip : describe

export const launch = (): Promise<Browser> =>
  chromium.launch({ executablePath: PATH, args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'] })

export interface Look {
  readonly scheme?: 'light' | 'dark'
  readonly width?: number
  readonly scripts?: boolean
}

/** A page whose errors are collected: what the console, the policy or a failed load complains about. */
export interface Watched {
  readonly page: Page
  readonly complaints: string[]
  close(): Promise<void>
}

export async function openPage(
  browser: Browser,
  { scheme = 'light', width = 1280, scripts = true }: Look = {},
): Promise<Watched> {
  const context = await browser.newContext({
    ...{ colorScheme: scheme, javaScriptEnabled: scripts, timezoneId: 'Europe/Vienna', locale: 'en-GB' },
    viewport: { width, height: width < 600 ? 740 : 860 },
  })
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(error.message))
  return { page, complaints, close: () => context.close() }
}

/** Keeps a picture, where TANDEM_SHOTS names a folder. */
export async function keepShot(page: Page, name: string, whole = true): Promise<void> {
  if (SHOTS === '') return
  mkdirSync(SHOTS, { recursive: true })
  await page.screenshot({ path: join(SHOTS, `${name}.png`), fullPage: whole })
}
