import type { Fields, Value } from '../contract/value.ts'
import { joinEntries, type Seen, seenAt, UNKNOWN_FINGERPRINT } from '../ledger/seen.ts'
import { keyLines, linesIn } from '../mapping/lines.ts'
import { type FieldRule, fieldOn, flows, type LinesRule, otherSide, type Side } from '../mapping/mapping.ts'
import { fingerprint } from './fingerprint.ts'
import { detailOfLines, formatDetail, type LinesSeen, lineName, linesEntry } from './lines-seen.ts'
import { isStoredForm } from './stored-form.ts'

/** Lines that were written, as they were before, as they were sent, and as the side stores them now. */
export interface WrittenLines {
  readonly before: Value
  readonly sent: Value
  readonly stored: Value
}

/** What was seen of a side's lines once they are written. */
export interface LinesAfterWrite {
  /** As it is kept in a `Seen`. */
  readonly entry: string
  /**
   * Nothing is stored but what was known and what we wrote. Otherwise somebody, or the system itself, changed a line as
   * well: that is for the next decision to see, and so the entry looks changed.
   */
  readonly isCovered: boolean
}

/**
 * Adds to `base`, what was seen of the lines without the write, the stored form of what was written. What flows only from
 * the side itself, and was given to a line by it because of the write, such as a sum, is unseen: it flows, and is nobody's
 * edit.
 */
export function linesAfterWrite(
  rule: LinesRule,
  side: Side,
  base: LinesSeen | null,
  { before, sent, stored }: WrittenLines,
): LinesAfterWrite {
  const detail = new Map(base ?? [])
  const [linesBefore, linesSent, linesStored] = [before, sent, stored].map((value) => linesByName(rule, side, value))
  if (!linesBefore || !linesSent || !linesStored) return { entry: UNKNOWN_FINGERPRINT, isCovered: false }
  for (const name of linesBefore.keys()) if (!linesSent.has(name)) detail.delete(name)
  for (const [name, line] of linesSent) {
    const [was, is] = [linesBefore.get(name), linesStored.get(name)]
    detail.set(name, was ? editedLine(rule, side, detail.get(name), was, line, is) : newLine(rule, side, line, is))
  }
  const now = detailOfLines(rule, side, stored)
  const isCovered =
    now !== null &&
    [...now].every(([name, seen]) => detail.get(name) === seen) &&
    [...linesSent.keys()].every((name) => now.has(name))
  const head = isCovered ? fingerprint(stored) : UNKNOWN_FINGERPRINT
  return { entry: linesEntry(head, formatDetail(detail)), isCovered }
}

/**
 * Whether what was to be written stands in the lines that are stored: added lines are there, those taken away are not, and
 * no edited field is as it was. What stands there besides is somebody else's. The record's last writer says nothing of it: an
 * edit of a line need not touch its record.
 */
export function areLinesThere(rule: LinesRule, side: Side, { before, sent, stored }: WrittenLines): boolean {
  const [linesBefore, linesSent, linesStored] = [before, sent, stored].map((value) => linesByName(rule, side, value))
  if (!linesBefore || !linesSent || !linesStored) return false
  const areGone = [...linesBefore.keys()].every((name) => linesSent.has(name) || !linesStored.has(name))
  return (
    areGone && [...linesSent].every(([name, line]) => isLineThere(linesBefore.get(name), line, linesStored.get(name)))
  )
}

/** Whether every line and field that was to be written is there as it was sent, or in a stored form of that. */
export function areLinesAsSent(rule: LinesRule, side: Side, { before, sent, stored }: WrittenLines): boolean {
  const [linesBefore, linesSent, linesStored] = [before, sent, stored].map((value) => linesByName(rule, side, value))
  if (!linesBefore || !linesSent || !linesStored) return false
  return [...linesSent].every(([name, line]) => {
    const [was, is] = [linesBefore.get(name), linesStored.get(name)]
    return rule.fields.every((field) => {
      const own = fieldOn(field, side)
      return !isEdited(was?.[own], line[own]) || isFieldAsSent(field, side, line, is)
    })
  })
}

/**
 * What was seen of the lines of a record whose create was in doubt, where somebody has written the record since: what is
 * there as it was sent. Anything else may be theirs and stays unseen. So does a line that is missing, unless the record is
 * surely ours: another one with the same key may lack it without that anybody took it away.
 */
export function linesAfterCreate(
  rule: LinesRule,
  side: Side,
  sent: Value,
  stored: Value,
  isSurelyOurs: boolean,
): string {
  const [linesSent, linesStored] = [sent, stored].map((value) => linesByName(rule, side, value))
  if (!linesSent || !linesStored) return UNKNOWN_FINGERPRINT
  const detail = new Map<string, Seen>()
  for (const [name, line] of linesSent) {
    const is = linesStored.get(name)
    if (is === undefined && !isSurelyOurs) continue
    const seen = newLine(rule, side, line, is)
    const entries = rule.fields.map((field, index) =>
      is === undefined || isFieldAsSent(field, side, line, is) ? seenAt(seen, index) : UNKNOWN_FINGERPRINT,
    )
    detail.set(name, joinEntries(entries))
  }
  return linesEntry(UNKNOWN_FINGERPRINT, formatDetail(detail))
}

function isFieldAsSent(field: FieldRule, side: Side, sent: Fields, stored: Fields | undefined): boolean {
  const name = fieldOn(field, side)
  const [value, is] = [sent[name], stored?.[name]]
  return value === undefined || (is !== undefined && isStoredForm(field, side, value, is))
}

function isLineThere(before: Fields | undefined, sent: Fields, stored: Fields | undefined): boolean {
  if (before === undefined) return stored !== undefined
  const edited = Object.keys(sent).filter((name) => isEdited(before[name], sent[name]))
  return edited.every((name) => stored !== undefined && isEdited(before[name], stored[name]))
}

function isEdited(before: Value | undefined, value: Value | undefined): boolean {
  return value !== undefined && (before === undefined || fingerprint(before) !== fingerprint(value))
}

function linesByName(rule: LinesRule, side: Side, value: Value): ReadonlyMap<string, Fields> {
  return new Map(keyLines(rule, side, linesIn(value)).map(({ key, line }) => [lineName(key), line]))
}

function editedLine(
  rule: LinesRule,
  side: Side,
  seen: Seen | undefined,
  before: Fields,
  sent: Fields,
  stored: Fields | undefined,
): Seen {
  const isWritten = Object.keys(sent).some((name) => isEdited(before[name], sent[name]))
  return joinEntries(
    rule.fields.map((field, index) => {
      const name = fieldOn(field, side)
      const [was, value] = [before[name], sent[name]]
      if (value === undefined || !isEdited(was, value)) {
        const isTheirs = !flows(field.direction, otherSide(side))
        const isFollowing = isWritten && isTheirs && isEdited(was, stored?.[name])
        return seen === undefined || isFollowing ? UNKNOWN_FINGERPRINT : seenAt(seen, index)
      }
      return fingerprint(stored?.[name] === undefined ? value : stored[name])
    }),
  )
}

function newLine(rule: LinesRule, side: Side, sent: Fields, stored: Fields | undefined): Seen {
  return joinEntries(
    rule.fields.map((field) => {
      const name = fieldOn(field, side)
      const isTheirs = sent[name] === undefined && !flows(field.direction, otherSide(side))
      const value = stored?.[name] === undefined ? sent[name] : stored[name]
      return value === undefined || isTheirs ? UNKNOWN_FINGERPRINT : fingerprint(value)
    }),
  )
}
