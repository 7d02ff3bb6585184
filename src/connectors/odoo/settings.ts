import { z } from 'zod'

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** "500ms", "10s", "5m", "1h" as milliseconds. */
export const duration = z
  .string()
  .regex(/^\d+(ms|s|m|h)$/, 'write a time as a number with ms, s, m or h, such as 30s')
  .transform((text) => Number.parseInt(text, 10) * (UNIT_MS[text.replace(/^\d+/, '')] ?? Number.NaN))

/** Odoo's context: which language, companies and side effects a call works with. */
export const odooContext = z.record(z.string(), z.json())

/**
 * Context keys that keep Odoo's mail system out of what is written. All are read by its `mail.thread` and ignored by
 * models without it. `tracking_disable` switches the whole of it off (followers, log notes, tracked values), and is worth
 * half of the time of a create. The others say the same for the places that look only at them (users, aliases), and keep
 * assignments from sending mail.
 */
const QUIET_CONTEXT = {
  tracking_disable: true,
  mail_notrack: true,
  mail_create_nolog: true,
  mail_create_nosubscribe: true,
  mail_auto_subscribe_no_notify: true,
}

/** A connection of `type: odoo` in config.yaml. */
export const odooSettings = z.strictObject({
  type: z.literal('odoo'),
  /** Scheme, host, port and path prefix, if there is one. */
  url: z.url({ protocol: /^https?$/ }),
  database: z.string().min(1),
  /** A key of a user made for this purpose, from Preferences → Account Security. */
  api_key: z.string().min(1).meta({ secret: true }),
  /** Added to the quiet defaults; a key set to false here switches that default off. */
  context: odooContext.default({}).transform((own) => ({ ...QUIET_CONTEXT, ...own })),
  limits: z
    .strictObject({
      /** Calls in flight. A handful is the most that helps; a hundred break a small server. */
      concurrency: z.int().min(1).max(32).default(4),
      /** Calls begun in any one second. */
      per_second: z.int().min(1).nullable().default(null),
      answer_bytes: z.int().min(1_000_000).default(256_000_000),
    })
    .prefault({}),
  timeouts: z
    .strictObject({
      connect: duration.prefault('10s'),
      /** To the first byte: a large create works for a long time before it answers. */
      answer: duration.prefault('150s'),
      body: duration.prefault('60s'),
      total: duration.prefault('180s'),
    })
    .prefault({}),
})

export type OdooSettings = z.output<typeof odooSettings>
