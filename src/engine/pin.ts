import type { RecordId } from '../contract/change.ts'
import type { Identity } from '../contract/connector.ts'
import type { Birth } from '../contract/sink.ts'

/** The births of some linked records, by mapping and side ("customers odoo"). */
export type Sample = Readonly<Record<string, Readonly<Record<RecordId, Birth>>>>

/** What a database looked like when it was last recognised. Kept in the ledger, for each connection. */
export interface Pin extends Identity {
  readonly sample: Sample
  /** When that was, in milliseconds since 1970 by the database's own clock as well as we know it. */
  readonly atMs: number
}

/** What is there now, and what has become of the pin's sample. */
export interface Sight extends Identity {
  readonly sample: Sample
  /** Marks that were drawn, and so must be larger than any before; the others may also have stayed. */
  readonly drawn: readonly string[]
}

/** One thing that cannot be so if it is the same database, gone on with. */
export type Finding =
  | { readonly kind: 'trait'; readonly name: string; readonly was: string; readonly is: string }
  | { readonly kind: 'mark'; readonly name: string; readonly was: number; readonly is: number }
  /** The id stands for a record that was created at another time. */
  | {
      readonly kind: 'reborn'
      readonly where: string
      readonly id: RecordId
      readonly wasMs: number
      readonly isMs: number
    }
  /** The record has an older state than we have seen. */
  | {
      readonly kind: 'older'
      readonly where: string
      readonly id: RecordId
      readonly wasMs: number
      readonly isMs: number
    }

/** What an operator is told it may be. */
export type Suspicion = 'another' | 'copy' | 'older'

/** A database's clock that is set back by NTP may date a write a little before the one that came first. */
const CLOCK_STEP_MS = 2000

/**
 * What does not fit. A record of the sample that is gone says nothing: people delete records. Nothing found is no proof
 * either: a file copy of a database that is quiet since then cannot be told from it.
 */
export function compareWithPin(pin: Pin, sight: Sight): readonly Finding[] {
  const findings: Finding[] = []
  for (const [name, was] of Object.entries(pin.traits)) {
    const is = sight.traits[name]
    if (is !== undefined && is !== was) findings.push({ kind: 'trait', name, was, is })
  }
  for (const [name, was] of Object.entries(pin.marks)) {
    const is = sight.marks[name]
    const isBack = is !== undefined && (is < was || (is === was && sight.drawn.includes(name)))
    if (isBack) findings.push({ kind: 'mark', name, was, is })
  }
  for (const [where, births] of Object.entries(pin.sample)) {
    for (const [id, was] of Object.entries(births)) {
      const is = sight.sample[where]?.[id]
      if (is) findings.push(...compareBirths(where, id, was, is))
    }
  }
  return findings
}

function compareBirths(where: string, id: RecordId, was: Birth, is: Birth): Finding[] {
  if (was.createdAtMs !== is.createdAtMs) {
    return [{ kind: 'reborn', where, id, wasMs: was.createdAtMs, isMs: is.createdAtMs }]
  }
  if (was.changedAtMs === null || is.changedAtMs === null || is.changedAtMs + CLOCK_STEP_MS >= was.changedAtMs)
    return []
  return [{ kind: 'older', where, id, wasMs: was.changedAtMs, isMs: is.changedAtMs }]
}

/** null: nothing was found. */
export function suspicionOf(pin: Pin, sight: Sight, findings: readonly Finding[]): Suspicion | null {
  if (findings.length === 0) return null
  const traits = new Set(findings.flatMap((finding) => (finding.kind === 'trait' ? [finding.name] : [])))
  if (traits.size === 0) return 'older'
  // A new name, and everything else that we know of it is as it was.
  const isPartly = Object.keys(pin.traits).some((name) => name in sight.traits && !traits.has(name))
  return isPartly ? 'copy' : 'another'
}

/** What a new trait or mark adds is kept, and what our user may not read any more stays known. */
export function renewPin(pin: Pin | null, sight: Sight, atMs: number): Pin {
  return {
    traits: { ...pin?.traits, ...sight.traits },
    marks: { ...pin?.marks, ...sight.marks },
    sample: sight.sample,
    atMs,
  }
}

/** A finding in words. */
export function describeFinding(finding: Finding): string {
  const time = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`
  switch (finding.kind) {
    case 'trait':
      return `its ${finding.name} was ${finding.was} and is ${finding.is}`
    case 'mark':
      return `its number "${finding.name}" only grows, was ${finding.was} and is now ${finding.is}`
    case 'reborn':
      return `record ${finding.id} (${finding.where}) was created on ${time(finding.wasMs)}, and now on ${time(finding.isMs)}`
    case 'older':
      return `record ${finding.id} (${finding.where}) was changed on ${time(finding.wasMs)}, and now last on ${time(finding.isMs)}`
  }
}
