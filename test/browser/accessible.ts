import { readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'

const IN_PAGE = readFileSync(new URL('./faults-in-page.mjs', import.meta.url), 'utf8')

/**
 * What is wrong with a page for whoever uses a keyboard, a screen reader, a phone or weak eyes: controls and pictures
 * without a name, contrast below WCAG 2 AA, a page that is wider than its window. Empty: nothing.
 */
export function faultsOf(page: Page): Promise<string[]> {
  return page.evaluate<string[]>(IN_PAGE)
}
