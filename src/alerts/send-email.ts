import { createTransport } from 'nodemailer'
import type { RecipientSettings } from '../config/alerts-schema.ts'
import type { Recipient } from './recipient.ts'

const TIMEOUT_MS = 30_000

/** Mail over SMTP, one message to all addresses of the entry. */
export function emailRecipient({ server, from, to }: NonNullable<RecipientSettings['email']>): Recipient {
  const transport = createTransport(
    { url: server, connectionTimeout: TIMEOUT_MS, greetingTimeout: TIMEOUT_MS, socketTimeout: TIMEOUT_MS },
    { from },
  )
  return {
    name: to.join(', '),
    async send({ subject, text }) {
      await transport.sendMail({ to, subject, text, headers: { 'Auto-Submitted': 'auto-generated' } })
    },
  }
}
