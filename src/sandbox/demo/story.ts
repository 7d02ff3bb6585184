import type { App } from '../../app.ts'
import { COMMAND } from '../../version.ts'
import type { Narrator } from './narrator.ts'
import type { Placed, Population } from './population.ts'
import { differenceWords, type Proof, prove } from './proof.ts'
import { counted, type Screen, seconds } from './screen.ts'
import { tellStanding } from './standing.ts'
import type { Workspace } from './workspace.ts'

const MOST_SHOWN = 10

export function tellIntroduction(screen: Screen, workspace: Workspace, odooUrl: string, population: Population): void {
  const on = (side: 'odoo' | 'shop'): string => {
    const count = (records: readonly Placed<unknown>[]): number => records.filter((record) => record[side]).length
    return `${count(population.companies)} companies, ${count(population.contacts)} contacts`
  }
  screen.say('Tandem keeps a stand-in Odoo and a small shop in step, both ways. Nothing here leaves this machine.')
  screen.say()
  screen.say(`   odoo     ${on('odoo')}   ${odooUrl}`)
  screen.say(`   shop     ${on('shop')}   ${workspace.shopFile}`)
  screen.say(`   config   ${workspace.config}`)
  screen.say()
  screen.say('In another terminal, while this runs:')
  screen.say(`   ${COMMAND} status --config ${workspace.config}`)
  screen.say('Ctrl-C ends it, with a full comparison of both sides.')
  screen.say()
}

/** What came of the first meeting of two sides that had never heard of each other. */
export async function tellFirstMeeting(screen: Screen, { tally }: Narrator, app: App): Promise<void> {
  const count = (name: string): number => tally.get(name) ?? 0
  screen.say()
  screen.say('The two have met:')
  screen.say(`   ${counted(count('adopted'), 'customer')} found on both sides and joined, none of them doubled`)
  screen.say(`   ${count('created external')} only in Odoo, created in the shop`)
  screen.say(`   ${count('created odoo')} only in the shop, created in Odoo`)
  const updates = count('updated odoo') + count('updated external')
  screen.say(`   ${counted(updates, 'update')} where they differed, or where Odoo had no reference yet`)
  await tellStanding(app, screen)
  screen.say()
  screen.say('Now people edit on both sides.')
  screen.say()
}

/** The proof, and how long things took. */
export async function tellEnd(screen: Screen, narrator: Narrator, app: App, signal: AbortSignal): Promise<void> {
  screen.say()
  for (const file of app.files) tellProof(screen, await prove(app, file, signal))
  screen.say()
  screen.say(`People made ${counted(narrator.deeds, 'edit')}. ${lagWords(narrator.lagsMs)}`)
}

function tellProof(screen: Screen, { mapping, compared, ownForm, parked, differences }: Proof): void {
  const name = mapping.padEnd(11)
  if (differences.length === 0) {
    screen.say(`   ${name}in step: ${compared} pairs compared field by field on both sides, no difference`, 'good')
  } else {
    screen.say(`   ${name}NOT in step: ${counted(differences.length, 'difference')} in ${compared} pairs`, 'bad')
    for (const difference of differences.slice(0, MOST_SHOWN)) {
      screen.say(`              ${differenceWords(difference)}`, 'bad')
    }
  }
  if (ownForm > 0) {
    screen.say(
      `              ${counted(ownForm, 'value')} that Odoo keeps in a form of its own (http://, HTML)`,
      'quiet',
    )
  }
  for (const [reason, same] of Map.groupBy(parked, (each) => each)) {
    screen.say(`              for a person (${counted(same.length, 'record')}): ${reason}`, 'attention')
  }
}

function lagWords(lagsMs: readonly number[]): string {
  const sorted = lagsMs.toSorted((a, b) => a - b)
  const middle = sorted[Math.floor(sorted.length / 2)]
  const longest = sorted.at(-1)
  if (middle === undefined || longest === undefined) return 'Nothing had to be carried over.'
  return `Half of them were on the other side within ${seconds(middle)}, the slowest after ${seconds(longest)}.`
}
