import type { RecipientSettings } from '../config/alerts-schema.ts'
import type { Message } from './message.ts'

/** Somebody who is told of alerts. */
export interface Recipient {
  /** Names him in the log and in the ledger, without a secret: "ops@example.com". */
  readonly name: string
  /** Sends it, once. @throws Error that says why it could not be sent. */
  send(message: Message, signal: AbortSignal): Promise<void>
}

/** Loads the code of a way only where it is used. */
export async function openRecipient(settings: RecipientSettings): Promise<Recipient> {
  const { email, webhook, command } = settings
  if (email) return (await import('./send-email.ts')).emailRecipient(email)
  if (webhook) return (await import('./send-webhook.ts')).webhookRecipient(webhook)
  if (command) return (await import('./run-command.ts')).commandRecipient(command)
  throw new Error('a recipient without a way to him')
}
