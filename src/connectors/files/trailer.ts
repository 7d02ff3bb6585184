import type { Definition } from './definition.ts'
import { createTranscoder, encodingOf, isWide } from './encoding.ts'
import type { FileEntry, Folder } from './folder.ts'

const TAIL_BYTES = 8192

/** Recognises the last line of a file; the answer is how many records it speaks of (null: it does not say). */
export type Trailer = (line: string) => { readonly lines: number | null } | null

export function trailerOf(template: string): Trailer {
  const [before = '', after] = template.split('{lines}')
  return (line) => {
    const text = line.trim()
    if (after === undefined) return text === before.trim() ? { lines: null } : null
    if (!text.startsWith(before.trimStart()) || !text.endsWith(after.trimEnd())) return null
    const digits = text.slice(before.trimStart().length, text.length - after.trimEnd().length)
    return /^\d{1,15}$/.test(digits) ? { lines: Number(digits) } : null
  }
}

/** Whether the file ends with its trailer, by its last bytes alone. */
export async function endsWithTrailer(
  folder: Folder,
  definition: Definition,
  path: string,
  { size }: FileEntry,
  template: string,
  signal: AbortSignal,
): Promise<boolean> {
  const head: Buffer[] = []
  for await (const piece of folder.read(path, 0, signal)) {
    head.push(piece)
    break
  }
  const { name } = encodingOf(Buffer.concat(head), definition.settings.encoding)
  const from = Math.max(0, size - TAIL_BYTES)
  const pieces: Buffer[] = []
  // Characters of UTF-16 have two bytes.
  for await (const piece of folder.read(path, isWide(name) ? from - (from % 2) : from, signal)) pieces.push(piece)
  const text = createTranscoder(name)(Buffer.concat(pieces)).toString('utf8')
  const last = text.split('\n').findLast((line) => line.trim() !== '') ?? ''
  return trailerOf(template)(last) !== null
}
