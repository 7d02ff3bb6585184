import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, test } from 'vitest'
import { odooError } from '../../src/connectors/odoo/transport/errors.ts'
import { pythonName } from '../../src/connectors/odoo/transport/odoo-fault.ts'
import { decodeMethodCall, decodeMethodResponse } from '../../src/connectors/odoo/transport/xmlrpc-decode.ts'
import { encodeMethodCall } from '../../src/connectors/odoo/transport/xmlrpc-encode.ts'
import { readLostAnswer, readXmlRpcFault } from '../../src/connectors/odoo/transport/xmlrpc-fault.ts'
import type { Value } from '../../src/contract/value.ts'

const answer = (value: string) =>
  `<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n<value>${value}</value>\n</param>\n</params>\n</methodResponse>\n`

describe('an answer of XML-RPC', () => {
  test.each<[string, Value]>([
    ['<string>a &lt; b &amp;amp; &#233;</string>', 'a < b &amp; é'],
    ['bare text', 'bare text'],
    ['', ''],
    ['<string> </string>', ' '],
    ['<string>two\r\nlines\r</string>', 'two\r\nlines\r'],
    ['<string>bell \u0007 rings</string>', 'bell  rings'],
    ['<int>-7</int>', -7],
    ['<i8>9007199254740993</i8>', '9007199254740993'],
    ['<double>0.1</double>', 0.1],
    ['<double>-0.30000000000000004</double>', -0.30000000000000004],
    ['<double>1e-07</double>', 1e-7],
    ['<boolean>1</boolean>', true],
    ['<boolean>0</boolean>', false],
    ['<nil/>', null],
    ['<base64>\nYVZCT1I=\n</base64>', 'aVBOR'],
    ['<dateTime.iso8601>20261121T08:30:00</dateTime.iso8601>', '2026-11-21 08:30:00'],
    ['<array><data>\n</data></array>', []],
    ['<array><data>\n<value><nil/></value>\n<value><array><data></data></array></value></data></array>', [null, []]],
    ['<struct>\n</struct>', {}],
    ['<struct><member>\n<name>a</name>\n<value><int>1</int></value>\n</member></struct>', { a: 1 }],
  ])('%j is %j', (xml, value) => {
    expect(decodeMethodResponse(answer(xml))).toEqual({ kind: 'result', value })
  })

  test.each([
    ['cut off', answer('<string>abc</string>').slice(0, -30)],
    ['an error page', '<!DOCTYPE html><html><body>no</body></html>'],
    ['an entity of its own', `<!DOCTYPE x [<!ENTITY a "b">]>${answer('<string>&a;</string>').slice(22)}`],
    ['an unknown type', answer('<vector>1</vector>')],
    ['a number that is none', answer('<int>one</int>')],
    ['the name __proto__', answer('<struct><member><name>__proto__</name><value>x</value></member></struct>')],
    ['nothing', ''],
  ])('%s is refused', (_what, xml) => {
    expect(() => decodeMethodResponse(xml)).toThrow()
  })

  const isSendable = (one: string) => one.isWellFormed() && !/(?![\t\n\r])\p{Cc}|[\ufffe\uffff]/u.test(one)
  const text = fc.string({ unit: 'grapheme' }).filter(isSendable)
  const values = fc.letrec<{ value: Value }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      text,
      fc.maxSafeInteger(),
      fc
        .double({ noNaN: true, noDefaultInfinity: true })
        .filter((one) => !Object.is(one, -0) && (Number.isSafeInteger(one) || !Number.isInteger(one))),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie('value')),
      fc.dictionary(
        text.filter((name) => name !== '__proto__'),
        tie('value'),
        { noNullPrototype: true },
      ),
    ),
  })).value
  property.prop([values, values])('every value that can be sent is read as it was', (first, second) => {
    const params = [first, second]
    expect(decodeMethodCall(encodeMethodCall('execute_kw', params))).toEqual({ method: 'execute_kw', params })
  })

  test.each(['a\u0000b', 'a\u000bb', '\ud800', '\uffff'])('%j cannot be sent', (value) => {
    expect(() => encodeMethodCall('execute_kw', [value])).toThrow(expect.objectContaining({ code: 'unsupported' }))
  })
})

const traceback = (last: string, frame = '/odoo/models.py", line 9, in write') =>
  `Traceback (most recent call last):\n  File "/odoo/http.py", line 1, in call\n  File "${frame}\n    canary()\n${last}\n`
const WRITER = '/usr/lib/python3/xmlrpc/client.py", line 534, in dump_nil'

describe('a fault of XML-RPC', () => {
  const call = { model: 'res.partner', method: 'write', changesData: true, retryAfterMs: null }
  test.each([
    [2, 'The\n\n record is gone.', 'odoo.exceptions.UserError', 'invalid', 'The record is gone.'],
    [3, 'Access Denied', 'odoo.exceptions.AccessDenied', 'unauthorized', 'Access Denied'],
    [4, 'Not you.', 'odoo.exceptions.AccessError', 'forbidden_record', 'Not you.'],
    [1, traceback("ValueError: Invalid field 'x'"), 'builtins.ValueError', 'invalid', "Invalid field 'x'"],
    [1, traceback('KeyError'), 'builtins.KeyError', 'invalid', 'builtins.KeyError'],
    [
      1,
      traceback('psycopg2.errors.UniqueViolation: duplicate key\nDETAIL:  Key (a)=(1) exists.'),
      'psycopg2.errors.UniqueViolation',
      'constraint',
      'duplicate key DETAIL: Key (a)=(1) exists.',
    ],
    [1, traceback('psycopg2.OperationalError: gone'), 'psycopg2.OperationalError', 'server', 'gone'],
    [1, 'something else', 'builtins.Exception', 'server', 'Odoo does not say what went wrong'],
  ])('%i with %j is %s', (code, text, name, expected, message) => {
    const error = odooError(200, readXmlRpcFault(code, text), call)
    expect(error).toMatchObject({ code: expected, inDoubt: name === 'psycopg2.OperationalError' })
    expect(pythonName(error)).toBe(name)
    expect(error.message).toBe(`Odoo refused res.partner.write: ${message}`)
    expect(JSON.stringify([error, error.cause, error.message])).not.toMatch(/canary|Traceback/)
  })

  test.each([
    ['None', traceback('TypeError: cannot marshal None', WRITER), { isNone: true }],
    [
      'None in a list',
      traceback('TypeError: cannot marshal None', `/xmlrpc/client.py", line 5, in dump_array\n  File "${WRITER}`),
      { isNone: false },
    ],
    [
      'a type of Python',
      traceback("TypeError: cannot marshal <class 'frozendict'>", '/xmlrpc/client.py", line 526, in __dump'),
      { isNone: false },
    ],
    ['a method that failed', traceback('TypeError: bad'), null],
    [
      'a method that failed while it used that writer',
      traceback('TypeError: bad', `${WRITER}\n  File "/odoo/models.py", line 9, in write`),
      null,
    ],
  ])('%s: whether the work was done', (_what, text, expected) => {
    expect(readLostAnswer(1, text)).toEqual(expected)
    expect(readLostAnswer(2, text)).toBe(null)
  })
})
