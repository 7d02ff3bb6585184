// biome-ignore-all lint/suspicious/noTemplateCurlyInString: placeholders of the configuration, not of TypeScript
import { describe, expect, test } from 'vitest'
import { CONFIG, configOf, linesOf } from './files.ts'

interface Mistake {
  readonly name: string
  readonly text: string
  readonly env?: Readonly<Record<string, string>>
  readonly lines: readonly string[]
}

const MISTAKES: readonly Mistake[] = [
  {
    name: 'a tab',
    text: 'connections:\n\terp: { type: odoo }\n',
    lines: ['config.yaml:2:1: a tab indents this line: YAML takes spaces only'],
  },
  {
    name: 'bad indentation',
    text: 'log:\n  level: info\n format: json\nconnections: {}\n',
    lines: ['config.yaml:3:1: this line is not indented far enough, or a bracket before it was not closed'],
  },
  {
    name: 'an open bracket',
    text: 'connections: { erp: { type: odoo }\nlog: { level: info }\n',
    lines: ['config.yaml:2:1: this line is not indented far enough, or a bracket before it was not closed'],
  },
  {
    name: 'an open quote',
    text: 'connections: {}\nmappings: "./m\n',
    lines: ['config.yaml:3:1: a quote or a bracket is not closed'],
  },
  {
    name: 'a colon in a value',
    text: 'connections: {}\nmappings: a: b\n',
    lines: ['config.yaml:2:11: a ":" too many, or wrong indentation: put a value that contains ": " in quotes'],
  },
  {
    name: 'a key twice',
    text: `${CONFIG}log: { level: info }\nlog: { level: debug }\n`,
    lines: ['config.yaml:5:1: this key is there twice'],
  },
  {
    name: 'two documents',
    text: `${CONFIG}---\nlog: {}\n`,
    lines: ['config.yaml:4:1: the file holds several documents (---): only one is allowed'],
  },
  { name: 'a tag', text: `${CONFIG}mappings: !folder ./m\n`, lines: ['config.yaml:4:11: tags (!…) are not allowed'] },
  { name: 'YAML 1.1', text: `%YAML 1.1\n---\n${CONFIG}`, lines: ['config.yaml:1:1: only YAML 1.2 is understood'] },
  { name: 'an empty file', text: '# nothing\n', lines: ['config.yaml:1:1: the file is empty'] },
  {
    name: 'a list as the file',
    text: '- a\n',
    lines: ['config.yaml:1:1: expected a map of keys and values, found a list'],
  },
  {
    name: 'an unknown alias',
    text: 'connections:\n  erp: *base\n',
    lines: ['config.yaml:2:8: connections.erp: no anchor &base comes before this'],
  },
  {
    name: 'a merge key',
    text: 'connections:\n  erp: { type: odoo, <<: { url: x } }\n',
    lines: ['config.yaml:2:22: connections.erp.<<: merging with << is not supported: repeat the values'],
  },
  {
    name: 'an unknown key',
    text: `${CONFIG}leger: { file: x }\n`,
    lines: ['config.yaml:4:1: leger: unknown key "leger" (did you mean "ledger"?)'],
  },
  {
    name: 'an unknown key inside',
    text: `${CONFIG}history:\n  kepp: 5d\n`,
    lines: ['config.yaml:5:3: history.kepp: unknown key "kepp" (did you mean "keep"?)'],
  },
  {
    name: 'an unknown key like none',
    text: `${CONFIG}zebra: 1\n`,
    lines: ['config.yaml:4:1: zebra: unknown key "zebra"'],
  },
  { name: 'no connections', text: 'log: { level: info }\n', lines: ['config.yaml:1:1: connections: is missing'] },
  {
    name: 'no type',
    text: 'connections:\n  erp:\n    tpye: odoo\n',
    lines: ['config.yaml:3:5: connections.erp.type: is missing (found "tpye")'],
  },
  {
    name: 'a connection without anything',
    text: 'connections:\n  erp:\n',
    lines: ['config.yaml:2:7: connections.erp: expected a map of keys and values, found nothing'],
  },
  {
    name: 'yes',
    text: `${CONFIG}history: { values: yes }\n`,
    lines: [
      'config.yaml:4:20: history.values: expected true or false, found "yes": in YAML 1.2 that is a text, write true',
    ],
  },
  {
    name: 'off',
    text: `${CONFIG}history:\n  values: off\n`,
    lines: [
      'config.yaml:5:11: history.values: expected true or false, found "off": in YAML 1.2 that is a text, write false',
    ],
  },
  {
    name: 'a wrong option',
    text: `${CONFIG}log: { level: warning }\n`,
    lines: ['config.yaml:4:15: log.level: expected trace, debug, info, warn, error or silent, found "warning"'],
  },
  {
    name: 'a number for a text',
    text: `${CONFIG}mappings: 17\n`,
    lines: ['config.yaml:4:11: mappings: expected a text, found 17: write it in quotes, "17"'],
  },
  {
    name: 'a list for a map',
    text: `${CONFIG}log: [info]\n`,
    lines: ['config.yaml:4:6: log: expected a map of keys and values, found a list'],
  },
  {
    name: 'no duration',
    text: `${CONFIG}history: { keep: 90 days }\n`,
    lines: ['config.yaml:4:18: history.keep: expected a duration such as 500ms, 5s, 10m, 24h or 7d'],
  },
  {
    name: 'no address',
    text: `${CONFIG}server: { listen: "127.0.0.1" }\n`,
    lines: ['config.yaml:4:19: server.listen: expected an address and a port, such as 127.0.0.1:8080, or off'],
  },
  {
    name: 'open to all',
    text: `${CONFIG}server: { listen: "0.0.0.0:80" }\n`,
    lines: [
      'config.yaml:4:19: server.listen: others can reach this address, so the server needs a token: server: { token: "${TANDEM_TOKEN}" }',
    ],
  },
  {
    name: 'a short token',
    text: `${CONFIG}server: { token: abc }\n`,
    lines: ['config.yaml:4:18: server.token: expected at least 22 random characters'],
  },
  {
    name: 'a number as a key',
    text: 'connections:\n  007: { type: odoo }\n',
    lines: ['config.yaml:2:3: connections.7: a key has to be a text: write "007" in quotes'],
  },
  {
    name: 'a name with a space',
    text: 'connections:\n  "my erp": { type: odoo }\n',
    lines: ['config.yaml:2:3: connections.my erp: expected a name of letters, digits, - and _'],
  },
  {
    name: 'an inexact number',
    text: 'connections:\n  erp: { type: odoo, id: 12345678901234567890 }\n',
    lines: ['config.yaml:2:26: connections.erp.id: this number cannot be kept exactly: write it in quotes'],
  },
  {
    name: '__proto__',
    text: 'connections:\n  erp: { type: odoo, __proto__: { a: 1 } }\n',
    lines: ['config.yaml:2:22: connections.erp.__proto__: this key is not allowed'],
  },
  {
    name: 'a missing variable',
    text: 'connections:\n  erp: { type: odoo, url: "${ODOO_URL}" }\n',
    env: { ODO_URL: 'x' },
    lines: [
      'config.yaml:2:27: connections.erp.url: the environment variable ODOO_URL is not set (did you mean "ODO_URL"?)',
    ],
  },
  {
    name: 'an empty variable',
    text: 'connections:\n  erp: { type: odoo, url: "${ODOO_URL}" }\n',
    env: { ODOO_URL: '' },
    lines: [
      'config.yaml:2:27: connections.erp.url: the environment variable ODOO_URL is empty (write ${ODOO_URL:-} where it may be)',
    ],
  },
  {
    name: 'an unquoted placeholder',
    text: 'connections:\n  erp: { type: odoo, url: ${ODOO_URL} }\n',
    lines: ['config.yaml:2:28: inside { } and [ ], a placeholder must be in quotes: "${NAME}"'],
  },
  {
    name: 'an open placeholder',
    text: 'connections:\n  erp: { type: odoo, url: "${ODOO_URL" }\n',
    lines: ['config.yaml:2:27: connections.erp.url: "${" without "}"'],
  },
  {
    name: 'a strange placeholder',
    text: 'connections:\n  erp: { type: odoo, url: "${a b}" }\n',
    lines: [
      'config.yaml:2:27: connections.erp.url: "${a b}" is not understood: write ${NAME}, ${NAME:-default} or ${file:/run/secrets/name}',
    ],
  },
  {
    name: 'a missing file',
    text: 'connections:\n  erp:\n    type: odoo\n    api_key: "${file:/run/secrets/odoo}"\n',
    lines: [
      'config.yaml:4:14: connections.erp.api_key: the file /run/secrets/odoo cannot be read: ENOENT: /run/secrets/odoo',
    ],
  },
  {
    name: 'several at once',
    text: 'conections: {}\nlog: { levl: info, format: xml }\nserver:\n  listen: 99999\n',
    lines: [
      'config.yaml:1:1: connections: is missing (found "conections")',
      'config.yaml:2:8: log.levl: unknown key "levl" (did you mean "level"?)',
      'config.yaml:2:28: log.format: expected auto, json or pretty, found "xml"',
      'config.yaml:4:11: server.listen: expected at most 65535',
    ],
  },
]

describe('every mistake in config.yaml is named with its place', () => {
  test.each(MISTAKES)('$name', ({ text, env, lines }) => {
    expect(linesOf(() => configOf(text, env))).toEqual(lines)
  })
})
