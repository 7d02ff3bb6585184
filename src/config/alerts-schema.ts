import { z } from 'zod'
import { durationSchema } from '../mapping/duration.ts'
import { scheduleSchema } from '../mapping/schedule.ts'

const email = z.strictObject({
  server: z
    .url({ protocol: /^smtps?$/, error: 'expected smtp:// or smtps://' })
    .describe(
      'The server that takes mail: smtp://user:password@mail.example.com:587 (STARTTLS where it is offered), smtps://…',
    ),
  from: z.string().min(3).describe('The sender.'),
  to: z
    .union([
      z
        .string()
        .min(3)
        .transform((one) => [one]),
      z.array(z.string().min(3)).min(1),
    ])
    .describe('Who gets it.'),
})
const webhook = z.strictObject({
  url: z.url({ protocol: /^https?$/, error: 'expected an http or https address' }).describe('Where it is posted.'),
  secret: z
    .string()
    .min(22, 'expected at least 22 random characters')
    .optional()
    .describe('Signs it by Standard Webhooks.'),
})
/** The program and its arguments. It gets the message on standard input. */
const command = z.array(z.string().min(1)).min(1)

const recipient = z
  .strictObject({
    email: email.optional().describe('By mail.'),
    webhook: webhook.optional().describe('By a call.'),
    command: command.optional().describe('The program and its arguments. It gets the message on standard input.'),
  })
  .refine((each) => Object.values(each).filter((way) => way !== undefined).length === 1, {
    error: 'expected one of email, webhook and command; several recipients are several entries',
    when: ({ issues }) => issues.length === 0,
  })

export const alertsSchema = z.strictObject({
  behind: durationSchema.prefault('15m').describe('How long a change may wait before its mapping counts as behind.'),
  key_ends: durationSchema.prefault('14d').describe('How long before its end a key is told of.'),
  summary: scheduleSchema
    .optional()
    .describe('When to send a summary of the day: a cron expression, or an interval. Absent: never.'),
  to: z.array(recipient).default([]).describe('Who is told; each entry is one way.'),
})
export type AlertSettings = z.output<typeof alertsSchema>
export type RecipientSettings = z.output<typeof recipient>
