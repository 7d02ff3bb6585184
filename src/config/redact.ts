/** What stands in place of a secret. */
export const REDACTED = '[redacted]'

/** A shorter secret is no secret, and taking it out would make every log unreadable ("odoo", "admin"). */
const MIN_SECRET_LENGTH = 6
const SECRET_NAME =
  /(?:^|_)(?:pass|password|passwd|passphrase|pwd|secrets?|tokens?|credentials?|authorization|(?:api|private|access|signing|encryption)_?key)(?:_|$)/i
/** What stands beside a secret and is none: `token_url`, `key_file`. */
const ABOUT_A_SECRET = /_(?:url|uri|file|path|name|header|field|id|type|ttl)$/i
const IN_URL = /([a-z][a-z0-9+.-]*:\/\/[^\s/:@"']*):([^\s/@"']+)@/gi
const IN_HEADER = /\b(bearer|basic)\s+[A-Za-z0-9+/=._~-]{6,}/gi
const IN_QUERY = /([?&](?:[^=&\s"']*(?:password|secret|token|key))=)[^&\s"']+/gi

/** Whether a setting of this name holds something that nobody may read: `api_key`, `password`, `webhook_secret`. */
export function isSecretName(name: string): boolean {
  const words = name.replace(/([a-z])([A-Z])/g, '$1_$2').replaceAll('-', '_')
  return SECRET_NAME.test(words) && !ABOUT_A_SECRET.test(words)
}

/** Remembers secrets, and takes them out of texts. */
export interface Redactor {
  /** From now on, `secret` is taken out in every form in which it may be written: as it is, in JSON, in a URL, in base64. */
  add(secret: string): void
  /** `text` without any secret. Takes out passwords in URLs and authorization headers too, whoever's they are. */
  redact(text: string): string
}

export function createRedactor(): Redactor {
  const forms = new Set<string>()
  let pattern: RegExp | null = null
  return {
    add(secret) {
      if (secret.trim().length < MIN_SECRET_LENGTH) return
      for (const form of writtenForms(secret)) forms.add(form)
      // The longest first: a secret that contains another one goes as a whole.
      const sorted = [...forms].sort((a, b) => b.length - a.length)
      pattern = new RegExp(sorted.map((form) => form.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')).join('|'), 'g')
    },
    redact(text) {
      const known = pattern === null ? text : text.replace(pattern, REDACTED)
      return known
        .replace(IN_URL, `$1:${REDACTED}@`)
        .replace(IN_HEADER, `$1 ${REDACTED}`)
        .replace(IN_QUERY, `$1${REDACTED}`)
    },
  }
}

function writtenForms(secret: string): readonly string[] {
  const trimmed = secret.trim()
  const inJson = JSON.stringify(trimmed).slice(1, -1)
  const base64 = Buffer.from(trimmed).toString('base64')
  return [secret, trimmed, inJson, encoded(trimmed), base64, base64.replace(/=+$/, '')]
}

function encoded(text: string): string {
  try {
    return encodeURIComponent(text)
  } catch {
    return text
  }
}

/** The secrets inside a setting's value that is not secret as a whole: the password of `postgres://user:password@host`. */
export function secretsInUrl(value: string): readonly string[] {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(value)) return []
  if (!URL.canParse(value)) return [...value.matchAll(IN_URL)].map((match) => match[2] ?? '')
  const url = new URL(value)
  const inQuery = [...url.searchParams].filter(([name]) => isSecretName(name)).map(([, secret]) => secret)
  return [url.password, decoded(url.password), ...inQuery].filter((secret) => secret !== '')
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
