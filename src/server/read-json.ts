import type { Context } from 'hono'
import { SyncError } from '../contract/error.ts'
import type { Value } from '../contract/value.ts'
import { parseJson } from '../http/parse-json.ts'
import { refuse } from './answers.ts'

/** More levels than any sender has; a deeper one would cost us a stack. */
const MAX_DEPTH = 64

/** The request's body as JSON, or the answer that refuses it: 415 for another type, 400 for what is not JSON. */
export async function readJson(context: Context): Promise<{ readonly body: Value } | { readonly refusal: Response }> {
  const type = context.req.header('content-type') ?? ''
  if (!/^application\/([\w.+-]+\+)?json\b/i.test(type)) {
    return { refusal: refuse(context, 415, 'type', 'The body has to be application/json.') }
  }
  const text = await context.req.text()
  try {
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
