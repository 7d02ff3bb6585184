import type { Value } from './contract/value.ts'

/** Numbers and times in words, the same in every command and on every page. */

const NUMBER = new Intl.NumberFormat('en-US')

/** "1,240". */
export function count(value: number): string {
  return NUMBER.format(value)
}

/** "1 record", "1,240 records". */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`
}

const STEPS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1000],
] as const

/** "4 s", "12 min", "3 h", "9 d": the largest unit that fits. */
export function age(ms: number): string {
  const [unit, unitMs] = STEPS.find(([, stepMs]) => Math.abs(ms) >= stepMs) ?? ['s', 1000]
  return `${Math.trunc(ms / unitMs)} ${unit}`
}

/** "2026-11-21 08:30:00Z". */
export function moment(atMs: number): string {
  return new Date(atMs).toISOString().replace('T', ' ').replace(/\.\d+/, '')
}

const LONGEST_VALUE = 60

/** A value as it is shown to people: short enough for a line. */
export function shown(value: unknown): string {
  if (value === null || value === undefined) return 'empty'
  const text = JSON.stringify(value as Value)
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE - 1)}…` : text
}

/** `email "a@x" → "b@x", phone empty → "1"`; without `before`, `email "b@x", phone "1"`. */
export function shownFields(
  after: Readonly<Record<string, unknown>>,
  before: Readonly<Record<string, unknown>> | null,
): string {
  return Object.entries(after)
    .map(([name, value]) =>
      before === null ? `${name} ${shown(value)}` : `${name} ${shown(before[name])} → ${shown(value)}`,
    )
    .join(', ')
}

const SIZES = [
  ['GB', 1e9],
  ['MB', 1e6],
  ['kB', 1e3],
] as const

/** "4.2 MB": in powers of a thousand. */
export function bytes(value: number): string {
  const [unit, size] = SIZES.find(([, each]) => value >= each) ?? ['bytes', 1]
  return size === 1 ? `${value} bytes` : `${(value / size).toFixed(1)} ${unit}`
}
