import { SyncError } from '../../../contract/error.ts'
import type { Fields, Value } from '../../../contract/value.ts'
import { requestJson } from '../../../http/request-json.ts'
import { decodeBase64Field } from '../base64-stream.ts'
import { odooError } from './errors.ts'
import { failedCall, JSON_HEADERS, type OdooHttp, readServerInfo } from './odoo-http.ts'
import { openJson, postJson, wholeAnswer } from './post-json.ts'
import { callRoute } from './route.ts'
import type { OdooTransport } from './transport.ts'

/** JSON-2: `POST /json/2/<model>/<method>`, from Odoo 19 on. */
export function createJson2(http: OdooHttp, apiKey: string): OdooTransport {
  const headers = { ...JSON_HEADERS, authorization: `bearer ${apiKey}`, 'x-odoo-database': http.database }
  let userId: number | null = null
  const call: OdooTransport['call'] = async ({ model, method, args, changesData, streamed }, signal) => {
    const path = `/json/2/${model}/${method}`
    const answer = await postJson(http, { path, headers, args, changesData, streamed }, signal)
    if (answer.status === 200 && answer.body !== undefined) return answer.body
    throw odooError(answer.status, answer.body, failedCall({ model, method, changesData }, answer))
  }
  return {
    call,

    async *content({ model, method, args, changesData }, field, signal) {
      const request = { path: `/json/2/${model}/${method}`, headers, args, changesData }
      const answer = await openJson(http, request, signal)
      try {
        if (answer.status === 200) return yield* decodeBase64Field(answer.pieces, field)
        const whole = await wholeAnswer(http, request, answer)
        throw odooError(answer.status, whole.body, failedCall({ model, method, changesData }, whole))
      } finally {
        answer.close()
      }
    },
    route: (path, params, signal) => callRoute(http, path, params, headers, signal),

    async userId(signal) {
      userId ??= readOwner(
        await call({ model: 'res.users', method: 'context_get', args: {}, changesData: false }, signal),
      )
      return userId
    },

    async serverInfo(signal) {
      const beforeMs = Date.now()
      const request = { method: 'GET', path: '/web/version', headers: {}, body: null, changesData: false } as const
      const answer = await requestJson(http.pool, request, signal)
      return readServerInfo(answer.body, answer, beforeMs)
    },
  }
}

function readOwner(context: Value): number {
  const uid = (context as Fields | null)?.uid
  if (typeof uid === 'number') return uid
  throw new SyncError('unexpected', 'Odoo did not say whose API key this is', {
    hint: 'Check that the key belongs to an internal user.',
  })
}
