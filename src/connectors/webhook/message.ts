import { createHash } from 'node:crypto'
import type { Operation } from '../../contract/sink.ts'
import type { Value } from '../../contract/value.ts'
import { standardSignature } from '../../http/signature.ts'
import type { WebhookTarget } from './settings.ts'

const WORD = { create: 'created', update: 'updated', remove: 'removed' } as const
const ID_BYTES = 18

export interface Message {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/**
 * One change as a signed message. Its id is made of the change that caused it and of what it says: equal when it is sent
 * again, after a crash too, and another for every other change.
 * @param key what the record is called in a create: the value of the mapping's key.
 */
export function messageOf(
  settings: WebhookTarget,
  collection: string,
  operation: Operation,
  key: Value,
  nowMs: number,
): Message {
  const data = dataOf(operation, key)
  const type = `${collection}.${WORD[operation.kind]}`
  const id = `msg_${digestOf([operation.name ?? '', type, data])}`
  const time = new Date(nowMs).toISOString()
  const seconds = Math.floor(nowMs / 1000)
  const isCloudEvent = settings.format === 'cloudevents'
  const body = JSON.stringify(
    isCloudEvent
      ? {
          specversion: '1.0',
          id,
          source: settings.source,
          type,
          subject: String(operation.kind === 'create' ? key : operation.id),
          time,
          datacontenttype: 'application/json',
          data,
        }
      : { type, timestamp: time, data },
  )
  const signatures = settings.secrets.map((secret) => standardSignature(secret, id, seconds, body))
  return {
    body,
    headers: {
      'content-type': isCloudEvent ? 'application/cloudevents+json; charset=utf-8' : 'application/json',
      'webhook-id': id,
      'webhook-timestamp': String(seconds),
      'webhook-signature': signatures.join(' '),
    },
  }
}

function dataOf(operation: Operation, key: Value): Value {
  if (operation.kind === 'create') return { key, fields: operation.fields }
  if (operation.kind === 'update') return { id: operation.id, fields: operation.fields }
  return { id: operation.id }
}

function digestOf(content: Value): string {
  return createHash('sha256').update(JSON.stringify(content)).digest().subarray(0, ID_BYTES).toString('base64url')
}
