import { z } from 'zod'
import { durationSchema } from '../mapping/duration.ts'
import { scheduleSchema } from '../mapping/schedule.ts'

const email = z.strictObject({
  /** The server that takes mail: smtp://user:password@mail.example.com:587 (STARTTLS where it is offered), smtps://… */
  server: z.url({ protocol: /^smtps?$/, error: 'expected smtp:// or smtps://' }),
  from: z.string().min(3),
  to: z.union([
    z
      .string()
      .min(3)
      .transform((one) => [one]),
    z.array(z.string().min(3)).min(1),
  ]),
})
const webhook = z.strictObject({
  url: z.url({ protocol: /^https?$/, error: 'expected an http or https address' }),
  /** Signs it by Standard Webhooks. */
  secret: z.string().min(22, 'expected at least 22 random characters').optional(),
})
/** The program and its arguments. It gets the message on standard input. */
const command = z.array(z.string().min(1)).min(1)

const recipient = z
  .strictObject({ email: email.optional(), webhook: webhook.optional(), command: command.optional() })
  .refine((each) => Object.values(each).filter((way) => way !== undefined).length === 1, {
    error: 'expected one of email, webhook and command; several recipients are several entries',
    when: ({ issues }) => issues.length === 0,
  })

export const alertsSchema = z.strictObject({
  /** How long a change may wait before its mapping counts as behind. */
  behind: durationSchema.prefault('15m'),
  /** How long before its end a key is told of. */
  key_ends: durationSchema.prefault('14d'),
  /** When to send a summary of the day: a cron expression, or an interval. Absent: never. */
  summary: scheduleSchema.optional(),
  to: z.array(recipient).default([]),
})
export type AlertSettings = z.output<typeof alertsSchema>
export type RecipientSettings = z.output<typeof recipient>
