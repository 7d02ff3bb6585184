// biome-ignore-all lint/suspicious/noTemplateCurlyInString: placeholders of the configuration.
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { replaceSecretFile } from '../../src/config/replace-secret-file.ts'
import { type SecretOrigin, secretOrigin } from '../../src/config/secret-origin.ts'

describe('where a secret comes from', () => {
  test.each<[string, SecretOrigin]>([
    ['"${file:/run/secrets/key}"', { kind: 'file', path: '/run/secrets/key' }],
    ['"${file: odoo.key }"', { kind: 'file', path: '/etc/tandem/odoo.key' }],
    ["'${ODOO_API_KEY}'", { kind: 'variable', name: 'ODOO_API_KEY' }],
    ['"${KEY:-none}"', { kind: 'variable', name: 'KEY' }],
    ['abc', { kind: 'text' }],
    ['"x-${KEY}"', { kind: 'text' }],
    ['"$${KEY}"', { kind: 'text' }],
  ])('%s', (value, expected) => {
    const text = `connections:\n  erp: { type: odoo, api_key: ${value} }\n`
    expect(secretOrigin(text, ['connections', 'erp', 'api_key'], '/etc/tandem')).toEqual(expected)
    expect(secretOrigin(text, ['connections', 'other', 'api_key'], '/etc/tandem')).toEqual({ kind: 'text' })
  })
})

describe('a secret file', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tandem-secret-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  test.each([
    ['old\n', 'new\n'],
    ['old', 'new'],
  ])('is replaced as a whole, with its mode and its last line end', (before, after) => {
    const file = join(folder, 'key')
    writeFileSync(file, before)
    chmodSync(file, 0o440)
    const replacement = replaceSecretFile(file)
    expect(readFileSync(file, 'utf8')).toBe(before)
    replacement.commit('new')
    expect(readFileSync(file, 'utf8')).toBe(after)
    expect(statSync(file).mode & 0o777).toBe(0o440)
    expect(readdirSync(folder)).toEqual(['key'])
  })

  test('is left as it is, and nothing beside it, where the secret does not come', () => {
    const file = join(folder, 'key')
    writeFileSync(file, 'old')
    replaceSecretFile(file).cancel()
    expect([readdirSync(folder), readFileSync(file, 'utf8')]).toEqual([['key'], 'old'])
  })

  test('that is not there is told of before anything is made', () => {
    expect(() => replaceSecretFile(join(folder, 'nothing'))).toThrow(/nothing cannot be replaced/)
  })
})
