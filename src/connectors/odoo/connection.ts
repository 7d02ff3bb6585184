import { SyncError } from '../../contract/error.ts'
import type { Fields, Value } from '../../contract/value.ts'
import { createCapabilities, type OdooCapabilities } from './capabilities.ts'
import { type ClockFloor, createClockFloor } from './clock-floor.ts'
import type { OdooTransport } from './transport/transport.ts'

/** One row of `search_read`: the fields asked for, and always `id`. */
export type OdooRow = { readonly [field: string]: Value }

/** What the collections of one connection share. */
export interface OdooConnection {
  readonly name: string
  readonly transport: OdooTransport
  /** One clock for all models: they are one database. */
  readonly clock: ClockFloor
  readonly context: Fields
  readonly capabilities: OdooCapabilities
  /** Calls a method that only reads, in the connection's context unless `args` brings one. */
  call(model: string, method: string, args: Fields, signal: AbortSignal): Promise<Value>
  /** Calls a method that changes data. */
  change(model: string, method: string, args: Fields, signal: AbortSignal): Promise<Value>
  /** The id of our own user. Asked once. */
  ownUserId(signal: AbortSignal): Promise<number>
}

export function createConnection(
  name: string,
  transport: OdooTransport,
  context: Fields,
  monotonicMs: () => number,
): OdooConnection {
  const send = (changesData: boolean) => (model: string, method: string, args: Fields, signal: AbortSignal) =>
    transport.call({ model, method, args: { context, ...args }, changesData }, signal)
  const call = send(false)
  return {
    name,
    transport,
    clock: createClockFloor(monotonicMs),
    context,
    capabilities: createCapabilities(call),
    call,
    change: send(true),
    ownUserId: (signal) => transport.userId(signal),
  }
}

/** @throws SyncError `unexpected` where a method did not answer with a list of rows. */
export function asRows(raw: Value, model: string): readonly OdooRow[] {
  if (Array.isArray(raw)) return raw as readonly OdooRow[]
  throw new SyncError('unexpected', `Odoo's answer for ${model} is not a list of records`)
}
