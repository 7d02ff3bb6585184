import { SyncError } from '../contract/error.ts'
import type { Fields, Value } from '../contract/value.ts'
import { type FieldConflict, type Seen, UNKNOWN_FINGERPRINT } from '../ledger/ledger.ts'
import { entryAt, joinEntries, seenAt } from '../ledger/seen.ts'
import {
  atLine,
  type KeyedLine,
  keyLines,
  keyLinesAbroad,
  keylessLine,
  linesIn,
  translateLine,
} from '../mapping/lines.ts'
import {
  type FieldRule,
  fieldOn,
  flows,
  type LinesRule,
  type Missing,
  otherSide,
  type RecordRef,
  type References,
  SIDES,
  type Side,
} from '../mapping/mapping.ts'
import type { decide, Lost, Pair } from './decide.ts'
import { fingerprint } from './fingerprint.ts'
import { formatDetail, type LinesSeen, lineName, linesEntry, linesSeen, seenOfLine } from './lines-seen.ts'
import { byPolicy } from './policy.ts'

/** What is to be done about the lines of a pair. */
export interface LinesPlan {
  /** Sides that must be read first; then everything else is void. */
  readonly needs: readonly Side[]
  /** All lines of a side as they are to be, those that stay with what names them there. */
  readonly write: Partial<Record<Side, Value>>
  /** What was seen of a side without any write. */
  readonly seen: Partial<Record<Side, string>>
  /** What was seen of the other side once this side is written. */
  readonly sourceSeen: Partial<Record<Side, string>>
  readonly conflicts: readonly FieldConflict[]
  readonly lost: readonly Lost[]
  readonly waitsFor: readonly RecordRef[]
  /** Records that lines refer to and that are to be made first. */
  readonly missing: readonly Missing[]
  readonly error: SyncError | null
}

/** A line on either side, or on both. `names` is what each side calls it, in what was seen of it. */
interface LinePair {
  readonly label: string
  readonly names: Readonly<Record<Side, string>>
  readonly lines: Readonly<Record<Side, Fields | null>>
}

/** The plan under construction. `after` is what was seen of a side if the other side is written. */
interface Draft {
  readonly rule: FieldRule
  readonly lines: LinesRule
  readonly pair: Pair
  readonly references: References
  readonly known: Readonly<Record<Side, LinesSeen | null>>
  readonly seen: Record<Side, Map<string, Seen>>
  readonly after: Record<Side, Map<string, Seen>>
  /** By side: lines of it to be changed (to these fields) or taken away (null), and lines to be made. */
  readonly edits: Record<Side, Map<Fields, Fields | null>>
  readonly additions: Record<Side, Fields[]>
  readonly conflicts: FieldConflict[]
  readonly lost: Lost[]
  readonly waitsFor: RecordRef[]
  readonly missing: Missing[]
  error: SyncError | null
}

type Decide = typeof decide

/**
 * The three-way comparison of the lines of two records. Pure. Each line is a small record of its own, named by its key: a
 * line on both sides is decided field by field, as `decide` does it for a record. A line on one side only is new there, or
 * was taken away on the other, which what was seen tells apart; one that was taken away here and edited there is for the
 * policy. At the first contact nothing was taken away: both sides get each other's lines.
 * @param decideOne `decide`, handed over because it calls this.
 */
export function decideLines(
  rule: FieldRule,
  lines: LinesRule,
  index: number,
  pair: Pair,
  references: References,
  decideOne: Decide,
): LinesPlan {
  const empty: LinesPlan = {
    needs: [],
    write: {},
    seen: {},
    sourceSeen: {},
    conflicts: [],
    lost: [],
    waitsFor: [],
    missing: [],
    error: null,
  }
  const values = { odoo: pair.now.odoo?.fields[rule.odoo], external: pair.now.external?.fields[rule.external] }
  const isChanged = (side: Side): boolean => {
    const value = values[side]
    return value !== undefined && fingerprint(value) !== seenAt(pair.seen[side], index)
  }
  if (!SIDES.some(isChanged)) return empty
  // Lines are compared with lines: what one side was last seen to have does not say what to change there.
  const needs = SIDES.filter((side) => pair.now[side] === null)
  if (needs.length > 0) return { ...empty, needs }
  const { odoo, external } = values
  if (odoo === undefined || external === undefined) return empty

  const paired = pairLines(lines, odoo, external, references)
  if ('error' in paired) return { ...empty, error: named(rule, paired.error) }
  if ('wait' in paired) return { ...empty, waitsFor: [paired.wait] }
  const draft: Draft = {
    rule,
    lines,
    pair,
    references,
    known: {
      odoo: linesSeen(lines, entryAt(pair.seen.odoo, index)),
      external: linesSeen(lines, entryAt(pair.seen.external, index)),
    },
    seen: { odoo: new Map(), external: new Map() },
    after: { odoo: new Map(), external: new Map() },
    edits: { odoo: new Map(), external: new Map() },
    additions: { odoo: [], external: [] },
    conflicts: [],
    lost: [],
    waitsFor: [],
    missing: [],
    error: null,
  }
  for (const line of paired.pairs) {
    if (line.lines.odoo && line.lines.external) decideBoth(draft, line, line.lines.odoo, line.lines.external, decideOne)
    else decideOnly(draft, line, line.lines.odoo ? 'odoo' : 'external')
  }
  return finish(draft, index, { odoo, external })
}

/** The lines of both sides, joined by their keys. */
function pairLines(
  rule: LinesRule,
  odoo: Value,
  external: Value,
  references: References,
): { readonly pairs: readonly LinePair[] } | { readonly error: SyncError } | { readonly wait: RecordRef } {
  try {
    const lists = { odoo: linesIn(odoo), external: linesIn(external) }
    for (const side of SIDES) {
      const keyless = keylessLine(rule, side, lists[side])
      if (keyless) return { error: keyless }
    }
    const own = { odoo: keyLines(rule, 'odoo', lists.odoo), external: keyLines(rule, 'external', lists.external) }
    const pairs = new Map<string, LinePair>()
    // A line is known by the key that the external side gives it.
    const ofOdoo = keyLinesAbroad(rule, 'odoo', lists.odoo, references)
    const ofExternal = keyLinesAbroad(rule, 'external', lists.external, references)
    for (const abroad of [ofOdoo, ofExternal]) {
      if (abroad.kind === 'error') return { error: abroad.error }
      if (abroad.kind === 'wait') return { wait: abroad.for }
    }
    if (ofOdoo.kind !== 'lines' || ofExternal.kind !== 'lines') return { pairs: [] }
    const ownNames = namesOf(own.odoo)
    for (const { key, label, line } of ofOdoo.lines) {
      const names = { odoo: ownNames.get(line) ?? '', external: lineName(key) }
      pairs.set(key, { label, names, lines: { odoo: line, external: null } })
    }
    const odooNames = namesOf(ofExternal.lines)
    for (const { key, label, line } of own.external) {
      const known = pairs.get(key)
      const names = known?.names ?? { odoo: odooNames.get(line) ?? '', external: lineName(key) }
      pairs.set(key, { label, names, lines: { odoo: known?.lines.odoo ?? null, external: line } })
    }
    return { pairs: [...pairs.values()] }
  } catch (error) {
    if (error instanceof SyncError) return { error }
    throw error
  }
}

function namesOf(lines: readonly KeyedLine[]): ReadonlyMap<Fields, string> {
  return new Map(lines.map(({ key, line }) => [line, lineName(key)]))
}

/** A line on both sides: decided like a record. */
function decideBoth(draft: Draft, line: LinePair, odoo: Fields, external: Fields, decideOne: Decide): void {
  const { lines, pair, references, rule } = draft
  const own = { odoo, external }
  const seenOf = (side: Side): Seen => seenWithGaps(lines, side, own[side], draft.known[side]?.get(line.names[side]))
  const changedAt = (side: Side): number | null => pair.now[side]?.changedAtMs ?? null
  const plan = decideOne(
    lines.fields,
    {
      seen: { odoo: seenOf('odoo'), external: seenOf('external') },
      now: {
        odoo: { fields: withGaps(lines, 'odoo', odoo), changedAtMs: changedAt('odoo') },
        external: { fields: withGaps(lines, 'external', external), changedAtMs: changedAt('external') },
      },
    },
    references,
  )
  const place = `${rule.odoo}[${line.label}]`
  for (const conflict of plan.conflicts) {
    draft.conflicts.push({ ...conflict, field: `${place}.${conflict.field}` })
  }
  for (const lost of plan.lost) draft.lost.push({ ...lost, field: `${place}.${lost.field}` })
  draft.waitsFor.push(...plan.waitsFor)
  draft.missing.push(...plan.missing)
  if (plan.error) draft.error ??= atLine(line.label, plan.error)
  for (const side of SIDES) {
    const seen = withoutGaps(lines, side, own[side], plan.seen[side])
    draft.seen[side].set(line.names[side], seen)
    draft.after[side].set(line.names[side], overlaid(seen, plan.sourceSeen[otherSide(side)], lines))
    if (Object.keys(plan.write[side]).length > 0)
      draft.edits[side].set(own[side], { ...own[side], ...plan.write[side] })
  }
}

/** A line with an empty value for each field that it lacks: nothing of it changed, and yet it can be filled. */
function withGaps({ fields }: LinesRule, side: Side, line: Fields): Fields {
  const gaps = fields.map((field) => fieldOn(field, side)).filter((name) => line[name] === undefined)
  return gaps.length === 0 ? line : { ...line, ...Object.fromEntries(gaps.map((name) => [name, null])) }
}

function seenWithGaps({ fields }: LinesRule, side: Side, line: Fields, seen: Seen | undefined): Seen {
  const entries = fields.map((field, index) => {
    if (line[fieldOn(field, side)] === undefined) return fingerprint(null)
    return seen === undefined ? UNKNOWN_FINGERPRINT : seenAt(seen, index)
  })
  return joinEntries(entries)
}

function withoutGaps({ fields }: LinesRule, side: Side, line: Fields, seen: Seen): Seen {
  return joinEntries(
    fields.map((field, index) =>
      line[fieldOn(field, side)] === undefined ? UNKNOWN_FINGERPRINT : seenAt(seen, index),
    ),
  )
}

/** `seen` with what `over` knows. */
function overlaid(seen: Seen, over: Seen, { fields }: LinesRule): Seen {
  return joinEntries(
    fields.map((_, index) => {
      const entry = seenAt(over, index)
      return entry === UNKNOWN_FINGERPRINT ? seenAt(seen, index) : entry
    }),
  )
}

/** A line that only `from` has: new there, or taken away on the other side. */
function decideOnly(draft: Draft, line: LinePair, from: Side): void {
  const { rule, known } = draft
  const to = otherSide(from)
  const own = line.lines[from]
  if (own === null) return
  const before = known[from]?.get(line.names[from])
  // Where all of a side counts as changed and the other as it was seen, the former is to win: what it lacks is to go.
  const wasThere = known[to] === null ? before !== undefined : known[to].has(line.names[to])
  const isPutBack = rule.owner === from && mayWrite(rule, to)
  if (!wasThere) {
    if (mayWrite(rule, to)) add(draft, line, from, own)
    else if (rule.owner === to && mayWrite(rule, from)) takeAway(draft, line, from, own)
    else keep(draft, line, from, own)
    return
  }
  if (!isPutBack && !isEdited(draft.lines, from, own, before)) {
    follow(draft, line, from, own)
    return
  }
  const winner = isPutBack ? from : winnerOf(draft, from)
  if (winner === null) {
    const gone = { odoo: null, external: null }
    draft.conflicts.push({ field: `${rule.odoo}[${line.label}]`, ...gone, [from]: own })
    remember(draft, line, from, before)
  } else if (winner === from) {
    add(draft, line, from, own)
  } else {
    const isTaken = follow(draft, line, from, own)
    if (isTaken) {
      draft.lost.push({ field: `${rule.odoo}[${line.label}]`, side: from, value: own, winner: null })
    }
  }
}

function mayWrite(rule: FieldRule, to: Side): boolean {
  return flows(rule.direction, otherSide(to)) && rule.writable[to].update
}

/** Who decides about a line that was taken away on one side and edited on the other. */
function winnerOf({ rule, pair }: Draft, from: Side): Side | null {
  const to = otherSide(from)
  if (!mayWrite(rule, to)) return to
  if (!mayWrite(rule, from)) return from
  return rule.owner ?? byPolicy(rule.conflict, pair)
}

/** Whether a field that flows from `side` is not what was seen of it. */
function isEdited(lines: LinesRule, side: Side, line: Fields, before: Seen | undefined): boolean {
  if (before === undefined) return true
  const now = seenOfLine(lines, side, line)
  return lines.fields.some((field, index) => {
    const entry = seenAt(now, index)
    return flows(field.direction, side) && entry !== UNKNOWN_FINGERPRINT && entry !== seenAt(before, index)
  })
}

/** The other side gets the line. */
function add(draft: Draft, line: LinePair, from: Side, own: Fields): void {
  const to = otherSide(from)
  const translated = translateLine(draft.lines, from, { key: '', label: line.label, line: own }, draft.references)
  remember(draft, line, from, draft.known[from]?.get(line.names[from]))
  if (translated.kind === 'wait') draft.waitsFor.push(translated.for)
  else if (translated.kind === 'error') draft.error ??= translated.error
  else if (translated.kind === 'missing') {
    draft.missing.push(translated.missing)
    draft.error ??= atLine(line.label, translated.error)
  } else {
    draft.additions[to].push(translated.value)
    draft.after[from].set(line.names[from], seenOfLine(draft.lines, from, own))
  }
}

/** The line is taken away here as it was there, if the mapping lets it. */
function follow(draft: Draft, line: LinePair, from: Side, own: Fields): boolean {
  const to = otherSide(from)
  if (draft.lines.deletes[to] === 'delete' && mayWrite(draft.rule, from)) {
    takeAway(draft, line, from, own)
    return true
  }
  keep(draft, line, from, own)
  // That it was taken away there stays known, or it would look new here.
  const before = draft.known[to]?.get(line.names[to])
  if (before !== undefined) for (const seen of [draft.seen, draft.after]) seen[to].set(line.names[to], before)
  return false
}

function takeAway(draft: Draft, line: LinePair, from: Side, own: Fields): void {
  draft.edits[from].set(own, null)
  remember(draft, line, from, draft.known[from]?.get(line.names[from]))
  draft.after[otherSide(from)].delete(line.names[otherSide(from)])
}

/** The line stays where it is, and is known as it is. */
function keep(draft: Draft, line: LinePair, from: Side, own: Fields): void {
  const now = seenOfLine(draft.lines, from, own)
  for (const seen of [draft.seen, draft.after]) seen[from].set(line.names[from], now)
}

/** What was seen of the line stays as it was on both sides, until it is written or a person decides. */
function remember(draft: Draft, line: LinePair, from: Side, before: Seen | undefined): void {
  const to = otherSide(from)
  const there = draft.known[to]?.get(line.names[to])
  for (const seen of [draft.seen, draft.after]) {
    if (before !== undefined) seen[from].set(line.names[from], before)
    if (there !== undefined) seen[to].set(line.names[to], there)
  }
}

function finish(draft: Draft, index: number, values: Readonly<Record<Side, Value>>): LinesPlan {
  const { edits, additions, conflicts, lost, waitsFor, missing, error, rule, pair } = draft
  const isOpen = conflicts.length > 0 || waitsFor.length > 0
  const isWritten = (side: Side): boolean => edits[side].size > 0 || additions[side].length > 0
  const entry = (side: Side, seen: LinesSeen, isSettled: boolean): string => {
    const now = fingerprint(values[side])
    const before = seenAt(pair.seen[side], index)
    // What is still to be done must look changed the next time.
    const open = before === now ? UNKNOWN_FINGERPRINT : before
    return linesEntry(isSettled ? now : open, formatDetail(seen))
  }
  const plan = { write: {}, seen: {}, sourceSeen: {} } as {
    write: Partial<Record<Side, Value>>
    seen: Partial<Record<Side, string>>
    sourceSeen: Partial<Record<Side, string>>
  }
  const isQuiet = !isOpen && !SIDES.some(isWritten)
  for (const side of SIDES) {
    plan.seen[side] = entry(side, draft.seen[side], isQuiet)
    if (!isWritten(side)) continue
    const kept = linesIn(values[side]).flatMap((line) => {
      const edited = edits[side].get(line)
      return edited === null ? [] : [edited ?? line]
    })
    plan.write[side] = [...kept, ...additions[side]]
    const source = otherSide(side)
    plan.sourceSeen[side] = entry(source, draft.after[source], !isOpen && !isWritten(source))
  }
  return { needs: [], ...plan, conflicts, lost, waitsFor, missing, error: error === null ? null : named(rule, error) }
}

/** The same failure with the field in front. */
function named({ odoo }: FieldRule, error: SyncError): SyncError {
  const hint = error.hint === null ? {} : { hint: error.hint }
  return new SyncError(error.code, `${odoo}: ${error.message}`, { cause: error, ...hint })
}
