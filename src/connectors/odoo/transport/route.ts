import { SyncError } from '../../../contract/error.ts'
import type { Fields, Value } from '../../../contract/value.ts'
import { type OdooHttp, postRpc } from './odoo-http.ts'

/** Calls a controller with these headers. Whatever it does, a lost answer leaves it in doubt. @throws SyncError */
export async function callRoute(
  http: OdooHttp,
  path: string,
  params: Fields,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Value> {
  try {
    return (await postRpc(http, path, params, { model: path, method: 'route', changesData: true }, signal, headers))
      .result
  } catch (error) {
    throw error instanceof SyncError && error.code === 'unauthorized' ? wantsMore(path, error) : error
  }
}

/** Our credentials are right, and not of the kind that the controller takes. */
function wantsMore(path: string, cause: SyncError): SyncError {
  return new SyncError('forbidden', `The controller ${path} wants other credentials than this protocol has`, {
    cause,
    hint: "Declare it with auth='bearer' and use protocol: json2, or use protocol: session; or call a model's method instead.",
  })
}
