import { createHash, createHmac } from 'node:crypto'

/** The fingerprint of a server's public key as OpenSSH shows it. */
export function fingerprintOf(key: Uint8Array): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`
}

/** The fingerprints that a known_hosts file has for a host; hashed names are understood, revoked keys and patterns not. */
export function keysOfKnownHost(text: string, host: string, port: number): readonly string[] {
  const name = port === 22 ? host : `[${host}]:${port}`
  return text.split('\n').flatMap((line) => {
    const [names = '', , key = ''] = line.trim().split(/\s+/)
    if (names === '' || names.startsWith('#') || names.startsWith('@') || key === '') return []
    const isMeant = names.split(',').some((each) => isName(each, name))
    return isMeant ? [fingerprintOf(Buffer.from(key, 'base64'))] : []
  })
}

function isName(entry: string, name: string): boolean {
  const hashed = /^\|1\|([^|]+)\|(.+)$/.exec(entry)
  if (hashed === null) return entry.toLowerCase() === name.toLowerCase()
  const [, salt = '', digest = ''] = hashed
  return createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest('base64') === digest
}
