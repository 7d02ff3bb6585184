/** ` (did you mean "email"?)`, or nothing where no known name is near. */
export function didYouMean(name: string, known: Iterable<string>): string {
  const near = nearest(name, known)
  return near.length === 0 ? '' : ` (did you mean ${near.map((candidate) => `"${candidate}"`).join(' or ')}?)`
}

/** The names that a slip of the fingers away from `name`, nearest first, at most three. */
export function nearest(name: string, known: Iterable<string>): readonly string[] {
  const wanted = plain(name)
  const limit = Math.max(1, Math.floor(wanted.length / 3))
  const scored: { candidate: string; score: number }[] = []
  for (const candidate of known) {
    if (candidate === name) continue
    const other = plain(candidate)
    const isPart = wanted.length >= 4 && (other.startsWith(wanted) || wanted.startsWith(`${other}id`))
    const score = isPart ? Math.min(limit, 1) : distance(wanted, other, limit)
    if (score <= limit) scored.push({ candidate, score })
  }
  scored.sort((a, b) => a.score - b.score || (a.candidate < b.candidate ? -1 : 1))
  const [best] = scored
  return best === undefined
    ? []
    : scored
        .filter(({ score }) => score === best.score)
        .slice(0, 3)
        .map((s) => s.candidate)
}

/** Letter case and separators are not what makes two names different. */
function plain(name: string): string {
  return name.toLowerCase().replace(/[\s_-]/g, '')
}

/** Edits (with swapped neighbours as one) from `a` to `b`; more than `limit` where there are more. */
function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1
      let edits = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + cost)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        edits = Math.min(edits, (beforeLast[j - 2] ?? 0) + 1)
      }
      row.push(edits)
    }
    beforeLast = last
    last = row
  }
  return last[b.length] ?? limit + 1
}
