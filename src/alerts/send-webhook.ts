import { randomUUID } from 'node:crypto'
import { request } from 'undici'
import type { RecipientSettings } from '../config/alerts-schema.ts'
import { standardSignature } from '../http/signature.ts'
import type { Recipient } from './recipient.ts'

const TIMEOUT_MS = 30_000

/** A POST of the message as JSON, signed by Standard Webhooks where there is a secret. Redirects are not followed. */
export function webhookRecipient({ url, secret }: NonNullable<RecipientSettings['webhook']>): Recipient {
  const { host } = new URL(url)
  return {
    name: host,
    async send(message, signal) {
      const body = JSON.stringify({ type: `tandem.${message.kind}`, ...message })
      const id = `msg_${randomUUID()}`
      const seconds = Math.floor(Date.now() / 1000)
      const headers = {
        'content-type': 'application/json',
        'webhook-id': id,
        'webhook-timestamp': String(seconds),
        ...(secret === undefined ? {} : { 'webhook-signature': standardSignature(secret, id, seconds, body) }),
      }
      const both = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)])
      const answer = await request(url, { method: 'POST', headers, body, signal: both })
      await answer.body.dump()
      if (answer.statusCode >= 300) throw new Error(`${host} answered ${answer.statusCode}`)
    },
  }
}
