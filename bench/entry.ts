/** One line of the result: a comparison, or a plain measurement. */
export interface Entry {
  readonly name: string
  readonly value: number
  readonly unit: string
  /** What the target is about; null: there is nothing to compare with. */
  readonly ratio: number | null
  /** In words: "≥ 0.7". null: none. */
  readonly target: string | null
  /** null: no target. */
  readonly ok: boolean | null
  /** Every single run, so that the spread can be seen. */
  readonly runs: readonly Readonly<Record<string, number>>[]
  readonly note: string
}

export type Size = 'small' | 'full'

export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

/** Linear between the two nearest values; NaN of nothing. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (sorted.length - 1) * share
  const below = sorted[Math.floor(at)] ?? Number.NaN
  const above = sorted[Math.ceil(at)] ?? Number.NaN
  return below + (above - below) * (at - Math.floor(at))
}

export function round(value: number, digits = 2): number {
  return Number(value.toFixed(digits))
}

export function seconds(ms: number): string {
  return `${round(ms / 1000)} s`
}

/** Does both again and again, each time the other one first: what disturbs the machine disturbs both alike. */
export async function alternate(
  rounds: number,
  first: (round: number) => Promise<void>,
  second: (round: number) => Promise<void>,
): Promise<void> {
  for (let at = 0; at < rounds; at++) {
    const order = at % 2 === 0 ? [first, second] : [second, first]
    for (const run of order) await run(at)
  }
}
