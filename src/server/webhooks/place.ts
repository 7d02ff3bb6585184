import type { Value } from '../../contract/value.ts'
import { textAt } from '../../http/json-path.ts'

/** What the placeholders of a text may stand for. */
export interface Places {
  /** A header of the request; undefined: it has none. */
  readonly header: (name: string) => string | undefined
  /** A part `NAME=…` of the signature's header. */
  readonly pair?: (name: string) => string | undefined
  /** The parsed body. Absent while the signature is not verified. */
  readonly body?: Value
}

type Piece = { readonly text: string } | { readonly from: 'header' | 'pair' | 'body' | 'raw'; readonly name: string }

/** Text with placeholders, taken apart once. */
export type Template = readonly Piece[]

export function parseTemplate(text: string): Template {
  return text
    .split(/(\{[^{}]*\})/)
    .filter((part) => part !== '')
    .map((part): Piece => {
      const match = /^\{(?:(header|pair|body)\.(.+)|body)\}$/.exec(part)
      if (!match) return { text: part }
      const [, from, name = ''] = match
      return from === undefined ? { from: 'raw', name } : { from: from as 'header' | 'pair' | 'body', name }
    })
}

/** The pieces with their placeholders filled in; null: one of them stands for nothing. `raw` is the body as it came. */
export function fillPieces(template: Template, places: Places, raw: Buffer): readonly (string | Buffer)[] | null {
  const filled: (string | Buffer)[] = []
  for (const piece of template) {
    const found = 'text' in piece ? piece.text : foundAt(piece.from, piece.name, places, raw)
    if (found === undefined) return null
    filled.push(found)
  }
  return filled
}

/** The text with its placeholders filled in; null: one of them stands for nothing. */
export function fillText(template: Template, places: Places): string | null {
  const filled = fillPieces(template, places, NOTHING)
  return filled === null ? null : filled.join('')
}

const NOTHING = Buffer.alloc(0)

function foundAt(
  from: 'header' | 'pair' | 'body' | 'raw',
  name: string,
  places: Places,
  raw: Buffer,
): string | Buffer | undefined {
  if (from === 'raw') return raw
  if (from === 'header') return places.header(name)
  if (from === 'pair') return places.pair?.(name)
  return textAt(places.body, name) ?? undefined
}
