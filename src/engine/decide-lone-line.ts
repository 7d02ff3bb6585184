import type { Fields } from '../contract/value.ts'
import { type Seen, seenAt, UNKNOWN_FINGERPRINT } from '../ledger/seen.ts'
import { atLine, translateLine } from '../mapping/lines.ts'
import { type FieldRule, flows, type LinesRule, otherSide, type Side } from '../mapping/mapping.ts'
import type { LinePair } from './line-pairs.ts'
import type { LinesDraft } from './lines-draft.ts'
import { seenOfLine } from './lines-seen.ts'
import { byPolicy } from './policy.ts'

/** A line that only `from` has: new there, or taken away on the other side. */
export function decideLoneLine(draft: LinesDraft, line: LinePair, from: Side): void {
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
    draft.findings.conflicts.push({ field: `${rule.odoo}[${line.label}]`, ...gone, [from]: own })
    remember(draft, line, from, before)
  } else if (winner === from) {
    add(draft, line, from, own)
  } else {
    const isTaken = follow(draft, line, from, own)
    if (isTaken) {
      draft.findings.lost.push({ field: `${rule.odoo}[${line.label}]`, side: from, value: own, winner: null })
    }
  }
}

function mayWrite(rule: FieldRule, to: Side): boolean {
  return flows(rule.direction, otherSide(to)) && rule.writable[to].update
}

/** Who decides about a line that was taken away on one side and edited on the other. */
function winnerOf({ rule, pair }: LinesDraft, from: Side): Side | null {
  const to = otherSide(from)
  if (!mayWrite(rule, to)) return to
  if (!mayWrite(rule, from)) return from
  return rule.owner ?? byPolicy(rule.conflict, pair)
}

/**
 * Whether a field that flows from `side` is not what was seen of it. What only the side itself gives, such as a sum, and was
 * never seen, it gave when the line was made.
 */
function isEdited(lines: LinesRule, side: Side, line: Fields, before: Seen | undefined): boolean {
  if (before === undefined) return true
  const now = seenOfLine(lines, side, line)
  return lines.fields.some(({ direction }, index) => {
    const [entry, known] = [seenAt(now, index), seenAt(before, index)]
    if (!flows(direction, side) || entry === UNKNOWN_FINGERPRINT) return false
    const isGiven = known === UNKNOWN_FINGERPRINT && !flows(direction, otherSide(side))
    return entry !== known && !isGiven
  })
}

/** The other side gets the line. */
function add(draft: LinesDraft, line: LinePair, from: Side, own: Fields): void {
  const to = otherSide(from)
  const translated = translateLine(draft.lines, from, { key: '', label: line.label, line: own }, draft.references)
  remember(draft, line, from, draft.known[from]?.get(line.names[from]))
  if (translated.kind === 'wait') draft.findings.waitsFor.push(translated.for)
  else if (translated.kind === 'error') draft.findings.error ??= translated.error
  else if (translated.kind === 'missing') {
    draft.findings.missing.push(translated.missing)
    draft.findings.error ??= atLine(line.label, translated.error)
  } else {
    draft.additions[to].push(translated.value)
    draft.after[from].set(line.names[from], seenOfLine(draft.lines, from, own))
  }
}

/** The line is taken away here as it was there, if the mapping lets it. */
function follow(draft: LinesDraft, line: LinePair, from: Side, own: Fields): boolean {
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

function takeAway(draft: LinesDraft, line: LinePair, from: Side, own: Fields): void {
  draft.edits[from].set(own, null)
  remember(draft, line, from, draft.known[from]?.get(line.names[from]))
  draft.after[otherSide(from)].delete(line.names[otherSide(from)])
}

/** The line stays where it is, and is known as it is. */
function keep(draft: LinesDraft, line: LinePair, from: Side, own: Fields): void {
  const now = seenOfLine(draft.lines, from, own)
  for (const seen of [draft.seen, draft.after]) seen[from].set(line.names[from], now)
}

/** What was seen of the line stays as it was on both sides, until it is written or a person decides. */
function remember(draft: LinesDraft, line: LinePair, from: Side, before: Seen | undefined): void {
  const to = otherSide(from)
  const there = draft.known[to]?.get(line.names[to])
  for (const seen of [draft.seen, draft.after]) {
    if (before !== undefined) seen[from].set(line.names[from], before)
    if (there !== undefined) seen[to].set(line.names[to], there)
  }
}
