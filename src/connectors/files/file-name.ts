/** Whether a name from a listing may be used: a plain file name, whatever the server says. */
export function isSafeName(name: string): boolean {
  if (name === '' || name === '.' || name === '..' || name.length > 255) return false
  // Control characters, both kinds of slashes: a name with these leads somewhere else, or deceives whoever reads it.
  return ![...name].some((letter) => letter < ' ' || letter === '\x7f' || letter === '/' || letter === '\\')
}

/** Whether a configured path stays below the folder that it is relative to. */
export function isSafePath(path: string): boolean {
  return path === '.' || path.split('/').every((part) => isSafeName(part))
}

export function joinPath(...parts: readonly string[]): string {
  const named = parts.filter((part) => part !== '.' && part !== '')
  return named.length === 0 ? '.' : named.join('/')
}

/** Whether a name fits one of the patterns, in which * and ? stand for anything. */
export function fitsAny(name: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => fits(name, pattern))
}

/** Linear but for the last *, so that no pattern can hang. */
function fits(name: string, pattern: string): boolean {
  let n = 0
  let p = 0
  let starAt = -1
  let resumeAt = 0
  while (n < name.length) {
    if (pattern[p] === '*') {
      starAt = p
      resumeAt = n
      p += 1
    } else if (pattern[p] === '?' || pattern[p] === name[n]) {
      p += 1
      n += 1
    } else if (starAt >= 0) {
      resumeAt += 1
      n = resumeAt
      p = starAt + 1
    } else return false
  }
  while (pattern[p] === '*') p += 1
  return p === pattern.length
}

export function markerOf(template: string, name: string): string {
  return template.replaceAll('{name}', name)
}

export interface NameParts {
  readonly collection: string
  readonly seq: number
  /** Local to the collection: "2026-11-21T08:30:05". */
  readonly localTime: string
}

/** A file name from its template: {collection}, {date} 2026-11-21, {time} 083005, {seq}, {seq:5} 00042. */
export function fillName(template: string, { collection, seq, localTime }: NameParts): string {
  return template
    .replaceAll('{collection}', collection)
    .replaceAll('{date}', localTime.slice(0, 10))
    .replaceAll('{time}', localTime.slice(11, 19).replaceAll(':', ''))
    .replace(/\{seq(?::(\d))?\}/g, (_, width: string | undefined) => String(seq).padStart(Number(width ?? 0), '0'))
}
