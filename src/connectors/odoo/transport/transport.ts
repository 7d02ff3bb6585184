import type { Fields, Value } from '../../../contract/value.ts'
import type { StreamedValues } from '../streamed-args.ts'

/** The ways in which Odoo can be called. */
export const PROTOCOLS = ['json2', 'jsonrpc', 'xmlrpc', 'session'] as const
export type Protocol = (typeof PROTOCOLS)[number]

/** One call of a public method, which is one transaction in Odoo. */
export interface OdooCall {
  readonly model: string
  readonly method: string
  /**
   * By the method's Python names; `ids` for the records it is called on, `context` for the context. A method of records
   * always gets `ids`, if need be an empty list; a method of the model never does.
   */
  readonly args: Fields
  /** False for a call that only reads: it is never in doubt. */
  readonly changesData: boolean
  /** Bytes for some of the objects in `args`, which go out as base64. */
  readonly streamed?: StreamedValues
}

export interface ServerInfo {
  /** "19.0"; null where the server does not tell. */
  readonly version: string | null
  /** The server's clock minus ours, from the `Date` header, good to about a second; null: it sent none. */
  readonly clockOffsetMs: number | null
}

/** A way to call Odoo. It knows how calls and errors travel, and nothing of models. */
export interface OdooTransport {
  /** What the method returned. @throws SyncError, with an OdooFault as its cause where Odoo itself answered. */
  call(call: OdooCall, signal: AbortSignal): Promise<Value>
  /** The id of our own user. May be repeated; asks the server the first time. @throws SyncError `unauthorized`. */
  userId(signal: AbortSignal): Promise<number>
  /**
   * The bytes of the file that a call which only reads answers as base64 under `field`, in pieces, so that it need not be
   * held; nothing where there is none. `field` is the first one of that name in the answer. @throws SyncError as `call`
   * does, and `network` or `unexpected` for an answer that is not whole or no file.
   */
  content(call: OdooCall, field: string, signal: AbortSignal): AsyncIterable<Uint8Array>
  /**
   * Calls a controller of type json (jsonrpc from 19 on), as far as this protocol can say who we are: JSON-2 with the key,
   * a session with its cookie, the others not at all. @throws SyncError `forbidden` where the controller wants more.
   */
  route(path: string, params: Fields, signal: AbortSignal): Promise<Value>
  serverInfo(signal: AbortSignal): Promise<ServerInfo>
}
