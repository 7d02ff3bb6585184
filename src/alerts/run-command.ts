import { execFile } from 'node:child_process'
import { basename } from 'node:path'
import { promisify } from 'node:util'
import type { RecipientSettings } from '../config/alerts-schema.ts'
import type { Recipient } from './recipient.ts'

const TIMEOUT_MS = 60_000

/**
 * A program of the operator's, started without a shell: the text on standard input, the subject in TANDEM_SUBJECT, the whole message as
 * JSON in TANDEM_MESSAGE. It gets no other variable of ours but PATH and HOME: those hold secrets.
 */
export function commandRecipient([program = '', ...args]: NonNullable<RecipientSettings['command']>): Recipient {
  return {
    name: basename(program),
    async send(message, signal) {
      const env = {
        PATH: '/usr/local/bin:/usr/bin:/bin',
        TANDEM_SUBJECT: message.subject,
        TANDEM_MESSAGE: JSON.stringify(message),
      }
      const running = promisify(execFile)(program, args, { env, signal, timeout: TIMEOUT_MS })
      // A program that does not read its input is not a failure.
      running.child.stdin?.on('error', () => {})
      running.child.stdin?.end(message.text)
      await running
    },
  }
}
