import { type ErrorCode, SyncError, UNREACHABLE_HINT } from '../../contract/error.ts'

/** By SFTP's status (draft-ietf-secsh-filexfer-02, section 7). */
const STATUSES: Readonly<Record<number, ErrorCode>> = {
  2: 'changed',
  3: 'forbidden',
  4: 'server',
  6: 'network',
  7: 'network',
}

export const NO_SUCH_FILE = 2
export const FAILURE = 4

export function statusOf(error: unknown): number | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' ? error.code : null
}

/** `error` of ssh2 as a SyncError: by SFTP's status, by the level of ssh2, by the socket's code. */
export function sftpError(error: unknown, subject: string): SyncError {
  if (error instanceof SyncError) return error
  const message = error instanceof Error ? error.message : String(error)
  const status = statusOf(error)
  if (status !== null) return new SyncError(STATUSES[status] ?? 'server', `${subject}: ${message}`, { cause: error })
  const level = error instanceof Error && 'level' in error ? error.level : null
  if (level === 'client-authentication' || /authentication methods failed/i.test(message)) {
    return new SyncError('unauthorized', `${subject}: the user and the key or password are not accepted`, {
      cause: error,
      hint: 'Check user, password and private_key of the connection.',
    })
  }
  if (level === 'client-timeout' || /timed out/i.test(message))
    return new SyncError('timeout', `${subject}: ${message}`, { cause: error, hint: UNREACHABLE_HINT })
  if (/privateKey|passphrase/i.test(message)) {
    return new SyncError('config', `${subject}: the private key cannot be read`, {
      cause: error,
      hint: 'Give the whole key with its first and last line, and its passphrase where it has one.',
    })
  }
  return new SyncError('network', `${subject}: ${message}`, { cause: error, hint: UNREACHABLE_HINT })
}
