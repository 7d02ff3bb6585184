import { createHmac } from 'node:crypto'

const SECRET_PREFIX = 'whsec_'

/** The key of a Standard Webhooks secret: the base64 behind `whsec_`. A secret without it is taken as it is. */
export function standardKey(secret: string): Buffer {
  return secret.startsWith(SECRET_PREFIX)
    ? Buffer.from(secret.slice(SECRET_PREFIX.length), 'base64')
    : Buffer.from(secret)
}

/** The header `webhook-signature` of Standard Webhooks 1.0 for one secret: `v1,` and the base64 of an HMAC-SHA256. */
export function standardSignature(secret: string, id: string, seconds: number, body: string): string {
  return `v1,${createHmac('sha256', standardKey(secret)).update(`${id}.${seconds}.${body}`).digest('base64')}`
}
