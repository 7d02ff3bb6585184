import { z } from 'zod'
import { durationSchema } from '../mapping/duration.ts'
import { alertsSchema } from './alerts-schema.ts'
import { webhookSchema } from './webhook-schema.ts'

/** "127.0.0.1:8080", "[::1]:8080", "8080", ":8080", 8080 or "off". A port alone listens on this machine only. */
const listenSchema = z.union([z.int().min(0).max(65535), z.string()]).transform((listen, context) => {
  if (listen === 'off') return null
  const match = /^(?:(\[[0-9a-fA-F:.]+\]|[\w.-]+)?:)?(\d{1,5})$/.exec(String(listen))
  const port = Number(match?.[2])
  if (match && port <= 65535) return { host: (match[1] ?? '127.0.0.1').replace(/^\[|\]$/g, ''), port }
  context.addIssue({ code: 'custom', message: 'expected an address and a port, such as 127.0.0.1:8080, or off' })
  return z.NEVER
})

/** Whether nobody outside this machine can reach an address. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host)
}

/** A token of 128 bits has 22 characters in base64 and 32 in hexadecimal digits. */
const MIN_TOKEN_LENGTH = 22

const secretSchema = z.string().min(MIN_TOKEN_LENGTH, `expected at least ${MIN_TOKEN_LENGTH} random characters`)

const serverSchema = z
  .strictObject({
    listen: listenSchema
      .prefault('127.0.0.1:8080')
      .describe('An address and a port, a port alone (this machine only), or `off`.'),
    token: secretSchema.optional().describe('What a caller must show. Required where others can reach the address.'),
    hosts: z
      .array(z.string().min(1))
      .default([])
      .describe(
        'The names under which the server is called, besides the address it listens on (checked against Host and Origin).',
      ),
    public_url: z
      .url({ protocol: /^https?$/, error: 'expected an http or https address' })
      .optional()
      .describe(
        'The address under which other systems reach this server, where hooks are sent to; absent: nobody does.',
      ),
    hook_secret: secretSchema.optional().describe('The secrets in the addresses of hooks are made from it.'),
    previous_hook_secret: secretSchema
      .optional()
      .describe('The one before: what was made from it is still accepted, until the hooks are installed anew.'),
  })
  .refine(({ listen, token }) => listen === null || token !== undefined || isLoopback(listen.host), {
    path: ['listen'],
    when: ({ issues }) => issues.length === 0,
    message: `others can reach this address, so the server needs a token: server: { token: "\${TANDEM_TOKEN}" }`,
  })

const connectionName = z.string().regex(/^[A-Za-z][\w-]*$/, 'expected a name of letters, digits, - and _')

export const configSchema = z.strictObject({
  ledger: z
    .strictObject({
      file: z
        .string()
        .min(1)
        .default('./data/tandem.db')
        .describe('What Tandem remembers: links, cursors, history. One file (and its -wal and -shm), on a local disk.'),
    })
    .prefault({}),
  mappings: z.string().min(1).default('./mappings').describe('The folder of the mapping files.'),
  connections: z
    .record(
      connectionName,
      z.looseObject({
        type: z
          .string()
          .min(1)
          .describe(
            "The kind of system: `odoo`, `postgres`, `mysql`, `sqlite`, `rest`, `files`, `webhook`, or a connector of one's own ([connectors.md](connectors.md)).",
          ),
        webhooks: webhookSchema
          .optional()
          .describe('How the system tells of changes at `POST /hooks/<connection>` ([webhooks.md](webhooks.md)).'),
      }),
    )
    .describe('By name; each has a type and perhaps webhooks, and everything else is for the connector of that type.'),
  server: serverSchema.prefault({}).describe('The HTTP server: the status page, the API, and hooks.'),
  alerts: alertsSchema.prefault({}).describe('Who is told when something needs a person.'),
  log: z
    .strictObject({
      level: z
        .enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'])
        .default('info')
        .describe('How much is logged.'),
      format: z
        .enum(['auto', 'json', 'pretty'])
        .default('auto')
        .describe('`auto`: readable on a terminal, JSON otherwise.'),
    })
    .prefault({}),
  history: z
    .strictObject({
      values: z
        .boolean()
        .default(true)
        .describe('Whether the history keeps values before and after, or only that something changed.'),
      keep: durationSchema.prefault('90d').describe('How long the history is kept.'),
    })
    .prefault({}),
  limits: z
    .strictObject({
      shutdown: durationSchema
        .prefault('30s')
        .describe('How long a running batch may take to finish when the daemon is told to stop.'),
      in_doubt: durationSchema
        .prefault('10s')
        .describe('How long a create whose answer was lost may still be under way at the other side.'),
    })
    .prefault({}),
})
