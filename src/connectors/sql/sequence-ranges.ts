/**
 * A set of sequence numbers as text, for a cursor: ranges of numbers that follow one another, each as the gap to the
 * range before and its length less one, in base 36. Ten thousand numbers without a hole take a few letters.
 */
export type Range = readonly [first: number, last: number]

/** The ranges of `numbers`, which may come in any order but never twice. */
export function toRanges(numbers: readonly number[]): Range[] {
  const sorted = Float64Array.from(numbers).sort()
  const ranges: [number, number][] = []
  for (const number of sorted) {
    const last = ranges.at(-1)
    if (last !== undefined && last[1] === number - 1) last[1] = number
    else ranges.push([number, number])
  }
  return ranges
}

export function encodeRanges(ranges: readonly Range[]): string {
  let end = 0
  return ranges
    .map(([first, last]) => {
      const text = (first - end).toString(36) + (first === last ? '' : `+${(last - first).toString(36)}`)
      end = last
      return text
    })
    .join(' ')
}

export function decodeRanges(text: string): Range[] {
  let end = 0
  return text
    .split(' ')
    .filter((part) => part !== '')
    .map((part) => {
      const [gap = '', length = '0'] = part.split('+')
      const first = end + Number.parseInt(gap, 36)
      end = first + Number.parseInt(length, 36)
      return [first, end] as const
    })
}
