import type { Context } from 'hono'
import { SyncError } from '../contract/error.ts'
import type { Value } from '../contract/value.ts'
import { parseJson } from '../http/parse-json.ts'
import { refuse } from './answers.ts'

/** More levels than any sender has; a deeper one would cost us a stack. */
const MAX_DEPTH = 64
const JSON_TYPE = /^application\/([\w.+-]+\+)?json\b/i
const CHARSET = /;\s*charset\s*=\s*"?([^";\s]+)/i

export type JsonBody = { readonly body: Value } | { readonly refusal: Response }

/** As `parseBody`, of a body that is within bounds already. */
export async function readJson(context: Context): Promise<JsonBody> {
  return parseBody(context, Buffer.from(await context.req.arrayBuffer()))
}

/**
 * A request's body as JSON, or the answer that refuses it: 415 for another type, 400 for what is not JSON. JSON is UTF-8
 * (RFC 8259), and what is packed was not signed as it is read.
 */
export function parseBody(context: Context, raw: Buffer): JsonBody {
  const type = context.req.header('content-type') ?? ''
  const encoding = context.req.header('content-encoding') ?? 'identity'
  const charset = CHARSET.exec(type)?.[1] ?? 'utf-8'
  if (!JSON_TYPE.test(type) || !/^utf-?8$/i.test(charset) || encoding !== 'identity') {
    return { refusal: refuse(context, 415, 'type', 'The body has to be application/json in UTF-8.') }
  }
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(raw)
    if (depthOf(text) > MAX_DEPTH) throw new SyncError('invalid', 'too deep')
    return { body: parseJson(text) }
  } catch {
    return { refusal: refuse(context, 400, 'json', 'The body is not JSON that can be read.') }
  }
}

/** How deep the brackets go, strings left out. */
function depthOf(text: string): number {
  let depth = 0
  let deepest = 0
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}]/g)) {
    if (token === '[' || token === '{') deepest = Math.max(deepest, ++depth)
    else if (token === ']' || token === '}') depth -= 1
  }
  return deepest
}
