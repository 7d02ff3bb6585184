import { z } from 'zod'
import { duration } from '../duration.ts'
import { PROTOCOLS } from './transport/transport.ts'

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
const connectionSettings = z.strictObject({
  type: z.literal('odoo'),
  url: z.url({ protocol: /^https?$/ }).describe('Scheme, host, port and path prefix, if there is one.'),
  database: z.string().min(1).describe('The name of the database.'),
  protocol: z
    .enum(['auto', ...PROTOCOLS])
    .default('auto')
    .describe('How to call Odoo. `auto`: the best that the server speaks and the credentials below allow.'),
  user: z
    .string()
    .min(1)
    .optional()
    .describe('The login that the key or the password belongs to. JSON-2 alone works without.'),
  api_key: z
    .string()
    .min(1)
    .meta({ secret: true })
    .optional()
    .describe('A key of a user made for this purpose, from Preferences → Account Security.'),
  password: z
    .string()
    .min(1)
    .meta({ secret: true })
    .optional()
    .describe('For a web session, and where there is no key.'),
  setup: z
    .strictObject({
      user: z.string().min(1).optional().describe('Its login.'),
      api_key: z.string().min(1).meta({ secret: true }).describe('Its key.'),
    })
    .optional()
    .describe('Of an administrator, for `tandem odoo hooks` alone: see its option --key-env.'),
  websocket_url: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe("Where the websocket answers, if not under `url`: Odoo's evented port, where no proxy leads there."),
  context: odooContext
    .default({})
    .transform((own) => ({ ...QUIET_CONTEXT, ...own }))
    .describe('Added to the quiet defaults; a key set to false here switches that default off.'),
  limits: z
    .strictObject({
      concurrency: z
        .int()
        .min(1)
        .max(32)
        .default(4)
        .describe('Calls in flight. A handful is the most that helps; a hundred break a small server.'),
      per_second: z.int().min(1).nullable().default(null).describe('Calls begun in any one second.'),
      answer_bytes: z.int().min(1_000_000).default(256_000_000).describe('The largest answer that is read, in bytes.'),
    })
    .prefault({}),
  timeouts: z
    .strictObject({
      connect: duration.prefault('10s').describe('To open a connection.'),
      answer: duration
        .prefault('150s')
        .describe('To the first byte: a large create works for a long time before it answers.'),
      body: duration.prefault('60s').describe('Between two parts of an answer.'),
      total: duration.prefault('180s').describe('For a call as a whole.'),
    })
    .prefault({}),
})

export const odooSettings = connectionSettings.superRefine((settings, context) => {
  const fault = missingCredential(settings)
  if (fault !== null) context.addIssue({ code: 'custom', path: [fault.key], message: fault.message, input: settings })
})

/** Which key is missing for the protocol; null: none. */
function missingCredential(settings: z.output<typeof connectionSettings>): { key: string; message: string } | null {
  const { protocol, user, api_key: apiKey, password } = settings
  const missing = (key: string, why: string) => ({ key, message: `is missing: ${why}` })
  if (protocol === 'json2' && apiKey === undefined) return missing('api_key', 'JSON-2 takes nothing else')
  if (protocol === 'session' && password === undefined) return missing('password', 'Odoo opens a session for no key')
  if (apiKey === undefined && password === undefined) return missing('api_key', 'give a key, or user and password')
  if (user === undefined && (protocol !== 'auto' || apiKey === undefined) && protocol !== 'json2') {
    return missing('user', 'the login that the key or the password belongs to')
  }
  return null
}

export type OdooSettings = z.output<typeof odooSettings>
