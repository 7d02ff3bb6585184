import type { Throughput } from '../ledger/throughput.ts'
import type { Status } from '../operations/status.ts'
import { count, plural } from '../words.ts'
import type { Alert } from './alert.ts'

/** What a recipient is sent, in whatever form that takes. */
export interface Message {
  readonly kind: 'alert' | 'summary'
  /** In one line. */
  readonly subject: string
  readonly text: string
  /** What has become true since the last message, what still is, and the titles of what is over. */
  readonly raised: readonly Alert[]
  readonly standing: readonly Alert[]
  readonly cleared: readonly string[]
}

/** What a recipient knows of: titles by the alerts' ids. */
export type Told = Readonly<Record<string, string>>

/** The message that brings a recipient from what he was told to what is so now; null: he knows. */
export function messageOf(current: readonly Alert[], told: Told): Message | null {
  const raised = current.filter(({ id }) => !(id in told))
  const ids = new Set(current.map(({ id }) => id))
  const cleared = Object.entries(told).flatMap(([id, title]) => (ids.has(id) ? [] : [title]))
  if (raised.length + cleared.length === 0) return null
  const standing = current.filter(({ id }) => id in told)
  const [first] = raised
  const more = raised.length > 1 ? ` (and ${raised.length - 1} more)` : ''
  const subject = first ? `Tandem: ${first.title}${more}` : `Tandem: over: ${cleared.join(', ')}`
  const text = [
    ...raised.map(paragraph),
    ...cleared.map((title) => `✓ over: ${title}`),
    ...standing.map(({ title }) => `- still: ${title}`),
  ].join('\n')
  return { kind: 'alert', subject, text: `${text}\n`, raised, standing, cleared }
}

/** A detail may have lines of its own: an error with its hint. */
function paragraph({ title, detail }: Alert): string {
  return `! ${title}\n  ${detail.replaceAll('\n', '\n  ')}`
}

/** What the recipient of `messageOf` knows then. */
export function toldOf(current: readonly Alert[]): Told {
  return Object.fromEntries(current.map(({ id, title }) => [id, title]))
}

export interface Day {
  readonly status: Status
  /** Of the last day, by mapping. */
  readonly throughput: ReadonlyMap<string, readonly Throughput[]>
  readonly alerts: readonly Alert[]
}

/** The daily summary: also where all is well, so that its absence says something. */
export function summaryOf({ status, throughput, alerts }: Day): Message {
  const lines = status.mappings.map(({ mapping, links, odoo, external }) => {
    const slices = throughput.get(mapping) ?? []
    const from = (side: Throughput['side']): number =>
      slices.filter((slice) => slice.side === side).reduce((sum, { applied }) => sum + applied, 0)
    const open = odoo.pending + external.pending + odoo.waiting + external.waiting
    const rest = open === 0 ? '' : `, ${open} not settled yet`
    const changes = `${plural(from('odoo'), 'change')} from odoo and ${count(from('external'))} from external`
    return `${mapping}: ${changes} in the last day, ${plural(links, 'pair')}${rest}`
  })
  const isWell = alerts.length === 0
  const subject = isWell
    ? 'Tandem: all is well'
    : `Tandem: ${alerts.length} ${alerts.length === 1 ? 'thing needs' : 'things need'} a person`
  const text = [...alerts.map(paragraph), ...(isWell ? [] : ['']), ...lines].join('\n')
  return { kind: 'summary', subject, text: `${text}\n`, raised: [], standing: alerts, cleared: [] }
}
