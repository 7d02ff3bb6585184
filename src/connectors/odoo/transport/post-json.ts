import type { Fields } from '../../../contract/value.ts'
import { decodeBody, type JsonAnswer, requestJson } from '../../../http/request-json.ts'
import { type OpenAnswer, openRequest, sendStream, textOf } from '../../../http/stream-request.ts'
import { type StreamedValues, streamedBody } from '../streamed-args.ts'
import type { OdooHttp } from './odoo-http.ts'

/** Nobody knows before how long a file is: the deadline of reading one is made for this much. */
const STREAMED_BYTES = 200_000_000

export interface JsonPost {
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly args: Fields
  readonly changesData: boolean
  /** Bytes for some of the objects in `args`. */
  readonly streamed?: StreamedValues | undefined
}

/** One call with a JSON body, into which files are streamed. @throws SyncError as `requestJson` does. */
export function postJson({ pool }: OdooHttp, post: JsonPost, signal: AbortSignal): Promise<JsonAnswer> {
  const { args, streamed, ...rest } = post
  const request = { ...rest, method: 'POST' } as const
  return streamed === undefined
    ? requestJson(pool, { ...request, body: JSON.stringify(args) }, signal)
    : sendStream(
        pool,
        { ...request, body: streamedBody((value) => JSON.stringify(value), args, streamed, signal), answerBytes: 0 },
        signal,
      )
}

/** The same call with its answer open, to be closed by the caller. */
export function openJson({ pool }: OdooHttp, { args, ...rest }: JsonPost, signal: AbortSignal): Promise<OpenAnswer> {
  const request = { ...rest, method: 'POST', body: JSON.stringify(args), answerBytes: STREAMED_BYTES } as const
  return openRequest(pool, request, signal)
}

/** An open answer that turned out to be an error, read to its end. */
export async function wholeAnswer(
  { pool }: OdooHttp,
  post: JsonPost,
  { status, headers, pieces }: OpenAnswer,
): Promise<JsonAnswer> {
  const answer = { status, headers, text: await textOf(pieces) }
  return { ...answer, body: decodeBody(pool, post, answer) }
}
