// biome-ignore-all lint/suspicious/noTemplateCurlyInString: placeholders of the configuration, not of TypeScript
import { expect, test } from 'vitest'
import { createRedactor, isSecretName, REDACTED } from '../../src/config/redact.ts'
import { configOf, linesOf } from './files.ts'

const CANARY = 'c4n4ry"/+ü-secret'

test('a secret is taken out in every form in which it may be written', () => {
  const { add, redact } = createRedactor()
  add(CANARY)
  const forms = [
    CANARY,
    JSON.stringify({ deep: { password: CANARY } }),
    `https://x/?q=${encodeURIComponent(CANARY)}`,
    `base64 ${Buffer.from(CANARY).toString('base64')}`,
  ]
  for (const form of forms) {
    expect(redact(form)).toContain(REDACTED)
    expect(redact(form)).not.toContain('c4n4ry')
    expect(redact(redact(form))).toBe(redact(form))
  }
})

test('a secret that contains another one goes as a whole', () => {
  const { add, redact } = createRedactor()
  add('abcdef')
  add('abcdef-ghijkl')
  expect(redact('x abcdef-ghijkl y')).toBe(`x ${REDACTED} y`)
})

test('short words are no secrets: logs stay readable', () => {
  const { add, redact } = createRedactor()
  add('odoo')
  expect(redact('odoo is up')).toBe('odoo is up')
})

test('passwords in URLs and authorization headers go, whoever they belong to', () => {
  const { redact } = createRedactor()
  expect(redact('postgres://tandem:pw@db/shop')).toBe(`postgres://tandem:${REDACTED}@db/shop`)
  expect(redact('Authorization: Bearer abc.def-123')).toBe(`Authorization: Bearer ${REDACTED}`)
  expect(redact('GET /x?access_token=abc&a=1')).toBe(`GET /x?access_token=${REDACTED}&a=1`)
})

test.each(['password', 'api_key', 'apiKey', 'client_secret', 'ODOO_API_KEY', 'webhook_token', 'secret_previous'])(
  '%s is a secret',
  (name) => expect(isSecretName(name)).toBe(true),
)

test.each(['key', 'url', 'token_url', 'key_file', 'passage', 'secretary_id', 'compass', 'author'])(
  '%s is no secret',
  (name) => expect(isSecretName(name)).toBe(false),
)

test('everything secret that a config holds is known to its redactor, and nothing else', () => {
  const text = `connections:
  erp: { type: odoo, url: "\${ODOO_URL}", database: "\${ODOO_DB}", api_key: "\${ODOO_KEY_VALUE}", note: "\${SOME_SECRET}" }
  shop: { type: postgres, url: "postgres://tandem:p%40ssw0rd1@db/shop" }
server: { token: literal-token-0123456789 }
`
  const env = {
    ODOO_URL: 'https://odoo.example.com',
    ODOO_DB: 'production',
    ODOO_KEY_VALUE: 'canary-key-1',
    SOME_SECRET: 'canary-note-2',
  }
  const { redact } = configOf(text, env).redactor
  for (const secret of ['canary-key-1', 'canary-note-2', 'p%40ssw0rd1', 'p@ssw0rd1', 'literal-token-0123456789']) {
    expect(redact(`x ${secret} y`)).toBe(`x ${REDACTED} y`)
  }
  expect(redact('production at https://odoo.example.com')).toBe('production at https://odoo.example.com')
})

test('a problem never shows a secret', () => {
  const text = 'connections: {}\nlog: { level: "${LOG_TOKEN}" }\n'
  const lines = linesOf(() => configOf(text, { LOG_TOKEN: 'canary-word' }))
  expect(lines).toHaveLength(1)
  expect(lines[0]).not.toContain('canary')
})
