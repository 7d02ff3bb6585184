import { performance } from 'node:perf_hooks'
import { type App, openApp, readSetup } from '../app.ts'
import { createRandom } from '../connectors/memory/random.ts'
import { startDaemon } from './demo/daemon-beside.ts'
import { spendTheDay } from './demo/day.ts'
import { createNarrator, type Narrator } from './demo/narrator.ts'
import { openOdooOffice } from './demo/odoo-office.ts'
import { createPeople, type Member } from './demo/people.ts'
import { inventPopulation, NAMELESS_CODE } from './demo/population.ts'
import { createScreen, type Screen } from './demo/screen.ts'
import { readCountryIds, seedBoth } from './demo/seed.ts'
import { settle } from './demo/settle.ts'
import { openShop, type ShopTable } from './demo/shop.ts'
import { tellStanding } from './demo/standing.ts'
import { tellEnd, tellFirstMeeting, tellIntroduction } from './demo/story.ts'
import { createWorkspace, type Workspace } from './demo/workspace.ts'

const STANDING_EVERY_MS = 10_000
const SETTLE_LIMIT_MS = 60_000

export interface DemoOptions {
  /** Aborts to end the demo: the edits stop, what is under way arrives, and both sides are compared. */
  readonly signal: AbortSignal
  readonly write: (line: string) => void
  /** How long people edit, from when both sides are first in step; without it until the signal aborts. */
  readonly forMs?: number
  /** Leaves the temporary folder. */
  readonly keep?: boolean
  /** The same seed gives the same customers and the same edits in the same order. */
  readonly seed?: number
}

/**
 * A stand-in Odoo and a small shop with a few hundred customers each, people who edit on both sides, and the daemon
 * between them. Ends with a full comparison of both sides. Leaves nothing behind: neither processes nor, without `keep`,
 * files. @throws Error when the stand-in or the daemon ends by itself.
 */
export async function runDemo(options: DemoOptions): Promise<void> {
  const workspace = createWorkspace()
  try {
    await runIn(workspace, options)
  } finally {
    if (options.keep) options.write(`Kept: ${workspace.folder}`)
    else workspace.remove()
  }
}

async function runIn(workspace: Workspace, options: DemoOptions): Promise<void> {
  const random = createRandom(options.seed ?? Date.now())
  const screen = createScreen(options.write)
  const narrator = createNarrator(screen, () => performance.now())
  await using odoo = await openOdooOffice()
  using shop = openShop(workspace.shopFile)
  const countries = await readCountryIds(odoo)
  const population = inventPopulation(random)
  await seedBoth(population, odoo, shop, countries)
  const nameless = String(shop.idOf('contacts', NAMELESS_CODE))
  narrator.introduce({ side: 'external', mapping: 'contacts', id: nameless, key: NAMELESS_CODE })
  workspace.configure(odoo)
  tellIntroduction(screen, workspace, odoo.url, population)

  const setup = readSetup(workspace.config, {})
  await using daemon = startDaemon(setup, narrator, screen)
  const failure = firstFailure(odoo, daemon)
  const stop = AbortSignal.any([options.signal, failure])
  await Promise.race([daemon.ready, aborted(stop)])
  if (!stop.aborted) {
    await using app = await openApp(setup, { emit: () => {} })
    await settle(app, withLimit(failure))
    await tellFirstMeeting(screen, narrator, app)
    const people = createPeople({
      ...{ odoo, shop, countries, narrator, random },
      monotonicMs: () => performance.now(),
      members: () => readMembers(app),
    })
    const dayEnd = options.forMs === undefined ? stop : AbortSignal.any([stop, AbortSignal.timeout(options.forMs)])
    narrator.goIntoDetail()
    const standing = setInterval(() => void tellStanding(app, screen).catch(() => {}), STANDING_EVERY_MS)
    try {
      await spendTheDay(people, random, () => performance.now(), dayEnd)
    } finally {
      clearInterval(standing)
    }
    if (!failure.aborted) await conclude(app, screen, narrator, failure)
  }
  if (failure.aborted) throw failure.reason
}

/** Lets everything arrive, then compares both sides. */
async function conclude(app: App, screen: Screen, narrator: Narrator, failure: AbortSignal): Promise<void> {
  screen.say()
  screen.say('The people go home; what is under way arrives, and then both sides are compared.')
  const signal = withLimit(failure)
  await settle(app, signal)
  await tellEnd(screen, narrator, app, signal)
}

/** Aborts, with the reason, when the stand-in or the daemon ends by itself. */
function firstFailure(...parts: readonly { readonly ended: Promise<Error> }[]): AbortSignal {
  const failing = new AbortController()
  for (const { ended } of parts) void ended.then((error) => failing.abort(error))
  return failing.signal
}

function withLimit(failure: AbortSignal): AbortSignal {
  return AbortSignal.any([failure, AbortSignal.timeout(SETTLE_LIMIT_MS)])
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

/** The records that are linked, from the ledger. */
async function readMembers(app: App): Promise<readonly Member[]> {
  const tables: readonly ShopTable[] = ['companies', 'contacts']
  const members = await Promise.all(
    tables.map(async (mapping) => {
      const links = await app.ledger.linksAfter(mapping, 0, 10_000)
      return links.flatMap(({ state, odooId, externalId, key }) =>
        state === 'live' && key !== null ? [{ mapping, odooId, externalId, key }] : [],
      )
    }),
  )
  return members.flat()
}
