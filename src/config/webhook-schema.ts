import { z } from 'zod'
import { durationSchema } from '../mapping/duration.ts'

/** Who signs how. `hmac` and `token` are described further; the others are fixed by those who made them. */
export const WEBHOOK_SCHEMES = ['standard', 'shopify', 'woocommerce', 'github', 'stripe', 'hmac', 'token'] as const

/** A token of 128 bits has 22 characters in base64 and 32 in hexadecimal digits. */
const MIN_TOKEN_LENGTH = 22
const MIN_SECRET_LENGTH = 8

/** A path into the body, names joined by dots; '' is the whole body. */
const bodyPath = z.string()

/** Text with `{header.NAME}`, `{pair.NAME}` (a part of the signature's header), `{body.PATH}`, or `{body}` as it came. */
function template(...names: readonly string[]) {
  const known = new RegExp(`^(?:[^{}]|\\{(?:${names.join('|')})\\})*$`)
  return z
    .string()
    .min(1)
    .regex(known, `expected text with placeholders among ${names.map(shown).join(', ')}`)
}

const HEADER = 'header\\.[\\w-]+'
const PAIR = 'pair\\.[\\w-]+'
const PATH = 'body\\.[^{}]+'
const RAW = 'body'

function shown(name: string): string {
  const words: Readonly<Record<string, string>> = {
    [HEADER]: '{header.NAME}',
    [PAIR]: '{pair.NAME}',
    [PATH]: '{body.PATH}',
    [RAW]: '{body}',
  }
  return words[name] ?? name
}

const hmac = z.strictObject({
  header: z.string().min(1).describe('The header that holds the signature, or several.'),
  algorithm: z.enum(['sha1', 'sha256', 'sha384', 'sha512']).default('sha256').describe('The hash.'),
  encoding: z.enum(['hex', 'base64']).default('hex').describe('How a signature is written.'),
  prefix: z.string().default('').describe('What stands in front of a signature: `sha256=`.'),
  separator: z
    .string()
    .min(1)
    .optional()
    .describe(
      'What stands between several signatures, or between `t=…` and `v1=…`; absent: the header is one signature.',
    ),
  signed: template(HEADER, PAIR, RAW).default('{body}').describe('What is signed.'),
  timestamp: template(HEADER, PAIR)
    .optional()
    .describe(
      'When it was signed, in seconds or milliseconds since 1970 or as a date. It has to be part of what is signed.',
    ),
})

const token = z.strictObject({
  header: z.string().min(1).describe('The header that holds the token.'),
  prefix: z.string().default('').describe('What stands in front of it: `Bearer `.'),
})

const event = z.strictObject({
  topic: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Which events: `customers/*`. Of the entries for one collection, the first that fits counts. Absent: every event.',
    ),
  collection: z.string().min(1).describe('The collection as the mappings name it: `collection`, `table` or `model`.'),
  is: z.enum(['changed', 'removed']).default('changed').describe('`removed` is confirmed before anything is done.'),
  id: bodyPath.min(1).optional().describe("Where the record's id is, or a list of ids."),
  record: bodyPath.optional().describe('Where the record itself is, or a list of records.'),
})

/** `webhooks` of a connection: how its system tells of changes at `POST /hooks/<connection>`. */
export const webhookSchema = z
  .strictObject({
    scheme: z.enum(WEBHOOK_SCHEMES).describe('How the sender signs.'),
    secrets: z
      .array(z.string().min(MIN_SECRET_LENGTH, 'expected a longer secret').meta({ secret: true }))
      .min(1)
      .describe('Each is accepted, so that one can be replaced while both are in use.'),
    hmac: hmac.optional().describe('With `scheme: hmac`: what is signed, and where the signature is.'),
    token: token.optional().describe('With `scheme: token`: where the token is; absent: it is the end of the address.'),
    tolerance: durationSchema.prefault('5m').describe('How old, or how far ahead, a signed time may be.'),
    event_id: template(HEADER, PATH)
      .optional()
      .describe('What names an event: one that came before is not looked at again. Absent: as the scheme has it.'),
    topic: template(HEADER, PATH)
      .optional()
      .describe('What says what an event is about. Absent: as the scheme has it.'),
    events: z.array(event).min(1).describe('What the bodies hold, each for one collection.'),
  })
  .check((context) => {
    const { value } = context
    const refuse = (path: (string | number)[], message: string): void => {
      context.issues.push({ code: 'custom', path, message, input: value })
    }
    if (value.scheme === 'hmac' && !value.hmac)
      refuse(['scheme'], 'expected `hmac` beside it, which says what is signed')
    if (value.scheme !== 'hmac' && value.hmac) refuse(['hmac'], 'is for `scheme: hmac`')
    if (value.scheme !== 'token' && value.token) refuse(['token'], 'is for `scheme: token`')
    const shortToken = value.scheme === 'token' ? value.secrets.findIndex((each) => each.length < MIN_TOKEN_LENGTH) : -1
    if (shortToken !== -1) refuse(['secrets', shortToken], `expected at least ${MIN_TOKEN_LENGTH} random characters`)
    value.events.forEach(({ is, id, record }, index) => {
      if (id === undefined && record === undefined) {
        refuse(['events', index], 'expected `id` or `record`: where in the body the record is')
      }
      if (is === 'removed' && id === undefined) refuse(['events', index], 'expected `id`: what was removed')
    })
    if (value.scheme === 'hmac' && value.topic === undefined) {
      const named = value.events.findIndex(({ topic }) => topic !== undefined)
      if (named !== -1) refuse(['events', named, 'topic'], 'expected `topic` beside `events`, which says where it is')
    }
  })
  .meta({ title: 'webhooks' })

export type WebhookSettings = z.output<typeof webhookSchema>
export type WebhookEvent = WebhookSettings['events'][number]
