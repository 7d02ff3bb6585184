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
    listen: listenSchema.prefault('127.0.0.1:8080'),
    /** What a caller must show. Required where others can reach the address. */
    token: secretSchema.optional(),
    /** The names under which the server is called, besides the address it listens on (checked against Host and Origin). */
    hosts: z.array(z.string().min(1)).default([]),
    /** The address under which other systems reach this server, where hooks are sent to; absent: nobody does. */
    public_url: z.url({ protocol: /^https?$/, error: 'expected an http or https address' }).optional(),
    /** The secrets in the addresses of hooks are made from it. */
    hook_secret: secretSchema.optional(),
    /** The one before: what was made from it is still accepted, until the hooks are installed anew. */
    previous_hook_secret: secretSchema.optional(),
  })
  .refine(({ listen, token }) => listen === null || token !== undefined || isLoopback(listen.host), {
    path: ['listen'],
    when: ({ issues }) => issues.length === 0,
    message: `others can reach this address, so the server needs a token: server: { token: "\${TANDEM_TOKEN}" }`,
  })

const connectionName = z.string().regex(/^[A-Za-z][\w-]*$/, 'expected a name of letters, digits, - and _')

export const configSchema = z.strictObject({
  ledger: z.strictObject({ file: z.string().min(1).default('./data/tandem.db') }).prefault({}),
  /** The folder of the mapping files. */
  mappings: z.string().min(1).default('./mappings'),
  /** By name; each has a type and perhaps webhooks, and everything else is for the connector of that type. */
  connections: z.record(connectionName, z.looseObject({ type: z.string().min(1), webhooks: webhookSchema.optional() })),
  /** The HTTP server: the status page, the API, and hooks. */
  server: serverSchema.prefault({}),
  /** Who is told when something needs a person. */
  alerts: alertsSchema.prefault({}),
  log: z
    .strictObject({
      level: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
      /** `auto`: readable on a terminal, JSON otherwise. */
      format: z.enum(['auto', 'json', 'pretty']).default('auto'),
    })
    .prefault({}),
  history: z
    .strictObject({
      /** Whether the history keeps values before and after, or only that something changed. */
      values: z.boolean().default(true),
      keep: durationSchema.prefault('90d'),
    })
    .prefault({}),
  limits: z
    .strictObject({
      /** How long a running batch may take to finish when the daemon is told to stop. */
      shutdown: durationSchema.prefault('30s'),
      /** How long a create whose answer was lost may still be under way at the other side. */
      in_doubt: durationSchema.prefault('10s'),
    })
    .prefault({}),
})
