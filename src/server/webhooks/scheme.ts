import type { WebhookSettings } from '../../config/webhook-schema.ts'
import { standardKey } from '../../http/signature.ts'
import { parseTemplate, type Template } from './place.ts'

/** A signature over what was sent. */
export interface HmacScheme {
  readonly kind: 'hmac'
  readonly header: string
  readonly separator: string | null
  readonly prefix: string
  readonly algorithm: 'sha1' | 'sha256' | 'sha384' | 'sha512'
  readonly encoding: 'hex' | 'base64'
  readonly signed: Template
  /** When it was signed; null: the scheme does not say. */
  readonly timestamp: Template | null
  readonly keys: readonly Buffer[]
  readonly toleranceMs: number
}

/** A secret that is shown, which proves nothing of the body. */
export interface TokenScheme {
  readonly kind: 'token'
  /** null: the last part of the address. */
  readonly header: { readonly name: string; readonly prefix: string } | null
  readonly tokens: readonly Buffer[]
}

/** How a connection's webhooks are known to be its own, and where an event says what it is. */
export interface Scheme {
  readonly proof: HmacScheme | TokenScheme
  readonly eventId: Template | null
  readonly topic: Template | null
  /** An event that only asks whether somebody listens. */
  readonly isPing: (header: (name: string) => string | undefined, body: Buffer) => boolean
}

interface Known {
  readonly hmac: NonNullable<WebhookSettings['hmac']>
  readonly eventId: string | null
  readonly topic: string | null
}

/** Fixed by those who made them; each with its source. */
const KNOWN: Readonly<Partial<Record<WebhookSettings['scheme'], Known>>> = {
  // https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
  standard: {
    hmac: {
      header: 'webhook-signature',
      algorithm: 'sha256',
      encoding: 'base64',
      prefix: 'v1,',
      separator: ' ',
      signed: '{header.webhook-id}.{header.webhook-timestamp}.{body}',
      timestamp: '{header.webhook-timestamp}',
    },
    eventId: '{header.webhook-id}',
    topic: '{body.type}',
  },
  // https://shopify.dev/docs/apps/build/webhooks/subscribe/https
  shopify: {
    hmac: { header: 'x-shopify-hmac-sha256', algorithm: 'sha256', encoding: 'base64', prefix: '', signed: '{body}' },
    eventId: '{header.x-shopify-webhook-id}',
    topic: '{header.x-shopify-topic}',
  },
  // https://woocommerce.github.io/woocommerce-rest-api-docs/#webhooks
  woocommerce: {
    hmac: { header: 'x-wc-webhook-signature', algorithm: 'sha256', encoding: 'base64', prefix: '', signed: '{body}' },
    eventId: '{header.x-wc-webhook-delivery-id}',
    topic: '{header.x-wc-webhook-topic}',
  },
  // https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries
  github: {
    hmac: { header: 'x-hub-signature-256', algorithm: 'sha256', encoding: 'hex', prefix: 'sha256=', signed: '{body}' },
    eventId: '{header.x-github-delivery}',
    topic: '{header.x-github-event}',
  },
  // https://docs.stripe.com/webhooks/signature
  stripe: {
    hmac: {
      header: 'stripe-signature',
      algorithm: 'sha256',
      encoding: 'hex',
      prefix: 'v1=',
      separator: ',',
      signed: '{pair.t}.{body}',
      timestamp: '{pair.t}',
    },
    eventId: '{body.id}',
    topic: '{body.type}',
  },
}

export function schemeOf(settings: WebhookSettings): Scheme {
  const known = KNOWN[settings.scheme]
  const eventId = settings.event_id ?? known?.eventId ?? null
  const topic = settings.topic ?? known?.topic ?? null
  return {
    proof: proofOf(settings, known?.hmac ?? settings.hmac),
    eventId: eventId === null ? null : parseTemplate(eventId),
    topic: topic === null ? null : parseTemplate(topic),
    isPing: PINGS[settings.scheme] ?? (() => false),
  }
}

const PINGS: Readonly<Partial<Record<WebhookSettings['scheme'], Scheme['isPing']>>> = {
  // Sent unsigned, as a form, when a webhook is saved; without a 200, WooCommerce does not take the address.
  woocommerce: (header, body) =>
    header('x-wc-webhook-signature') === undefined &&
    body.length < 40 &&
    /^webhook_id=\d+$/.test(body.toString('latin1')),
}

function proofOf(settings: WebhookSettings, hmac: WebhookSettings['hmac']): Scheme['proof'] {
  if (hmac === undefined) {
    const { token } = settings
    return {
      kind: 'token',
      header: token === undefined ? null : { name: token.header, prefix: token.prefix },
      tokens: settings.secrets.map((secret) => Buffer.from(secret)),
    }
  }
  return {
    kind: 'hmac',
    header: hmac.header,
    separator: hmac.separator ?? null,
    prefix: hmac.prefix,
    algorithm: hmac.algorithm,
    encoding: hmac.encoding,
    signed: parseTemplate(hmac.signed),
    timestamp: hmac.timestamp === undefined ? null : parseTemplate(hmac.timestamp),
    keys: settings.secrets.map(settings.scheme === 'standard' ? standardKey : (secret) => Buffer.from(secret)),
    toleranceMs: settings.tolerance,
  }
}
