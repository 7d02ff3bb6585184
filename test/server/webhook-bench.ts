import { createHmac } from 'node:crypto'
import { webhookSchema } from '../../src/config/webhook-schema.ts'
import type { Change } from '../../src/contract/change.ts'
import type { Value } from '../../src/contract/value.ts'
import { openSqliteLedger } from '../../src/ledger/sqlite/open.ts'
import { createInbox } from '../../src/server/inbox.ts'
import { createWebApp } from '../../src/server/web-app.ts'
import { createReceiver, type Listener } from '../../src/server/webhooks/receiver.ts'

export const NOW_MS = Date.UTC(2026, 10, 27, 12)
export const NOW_S = NOW_MS / 1000
export const JSON_TYPE = { 'content-type': 'application/json' }

/** A told record whose version is its `v`. */
export function toldByVersion(record: Value): Exclude<Change, { kind: 'gone' }> {
  const { id, v, ...fields } = record as { id: number; v: number; name?: string }
  const state = { id: String(id), version: String(v), changedAtMs: null, byUs: null, fields }
  return { kind: 'state', state }
}

export const LISTENERS: readonly Listener[] = [
  { mapping: 'customers', side: 'external', collection: 'customers', told: undefined },
  { mapping: 'contacts', side: 'external', collection: 'customers', told: undefined },
  { mapping: 'orders', side: 'external', collection: 'orders', told: undefined },
]

/** The server's answers to a connection `shop` with these webhooks, with a ledger of its own. */
export async function openWebhooks(webhooks: object, listeners = LISTENERS) {
  const ledger = await openSqliteLedger({ file: ':memory:', program: 'test' })
  for (const { mapping } of listeners) await ledger.openMapping(mapping, ['name'])
  const receiver = createReceiver('shop', webhookSchema.parse(webhooks), listeners)
  let nowMs = NOW_MS
  const failures: string[] = []
  const app = createWebApp({
    settings: { publicUrl: null, hookSecrets: [] },
    parserOf: () => null,
    webhooks: { receiverOf: (connection) => (connection === 'shop' ? receiver : null), nowMs: () => nowMs },
    inbox: createInbox({
      ledger,
      nowMs: () => nowMs,
      onReceived: () => {},
      onLedgerFailure: ({ message }) => failures.push(message),
    }),
    ledger,
    onDefect: (message) => failures.push(message),
  })
  const post = async (
    body: string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>,
    headers: Readonly<Record<string, string>> = {},
    path = '/hooks/shop',
  ) => {
    const init = { method: 'POST', body, headers: { ...JSON_TYPE, ...headers }, duplex: 'half' as const }
    return (await app.request(path, init)).status
  }
  /** What waits for the runs, by mapping, as "hint 7", "gone 7" or "7 at 3". */
  const told = async (mapping = 'customers'): Promise<readonly string[]> =>
    (await ledger.arrivals(mapping, nowMs, 1000)).map(({ change }) =>
      change.kind === 'state' ? `${change.state.id} at ${change.state.version}` : `${change.kind} ${change.id}`,
    )
  return {
    ledger,
    app,
    post,
    told,
    failures,
    passMs: (ms: number) => {
      nowMs += ms
    },
  }
}

export function hmac(
  algorithm: string,
  secret: string | Buffer,
  text: string | Buffer,
  encoding: 'hex' | 'base64',
): string {
  return createHmac(algorithm, secret).update(text).digest(encoding)
}
