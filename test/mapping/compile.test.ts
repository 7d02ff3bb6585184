import { describe, expect, test } from 'vitest'
import type { Capabilities } from '../../src/contract/connector.ts'
import { formatProblem } from '../../src/mapping/problem.ts'
import { compileText, type FieldTraits, type Sides } from './pair.ts'

const text: FieldTraits = { type: 'text' }

const SIDES: Sides = {
  odoo: {
    name: text,
    email: text,
    active: { type: 'boolean' },
    country_id: { type: 'reference', relation: 'res.country' },
    write_date: { type: 'datetime', isReadOnly: true },
    customer_rank: { type: 'integer' },
  },
  external: {
    full_name: text,
    mail: text,
    archived: { type: 'boolean' },
    born: { type: 'date' },
    country: text,
    changed: { type: 'integer' },
    total: { type: 'decimal', isReadOnly: true },
  },
}

function capabilities(archives: boolean, deletes: Capabilities['deletes'] = 'pushed'): Capabilities {
  const archive = archives ? { field: 'archived', archived: true } : null
  return { deletes, maxBatch: 10, pageSize: 10, guardedWrites: false, archive }
}

function problemsOf(rest: string, sides: Sides = SIDES): readonly string[] {
  return compileText(rest, sides).problems.map(formatProblem)
}

function problemOfPair(options: string): readonly string[] {
  return problemsOf(`fields:\n  - { ${options} }\n`)
}

/** The pair begins in line 5, column 5. */
const PAIRS: readonly (readonly [name: string, pair: string, problem: string])[] = [
  [
    'a slip in Odoo',
    'odoo: emial, external: mail',
    '5:13: fields[0].odoo: res.partner has no field "emial" (did you mean "email"?)',
  ],
  [
    'a slip outside',
    'odoo: name, external: fullname',
    '5:29: fields[0].external: customers has no field "fullname" (did you mean "full_name"?)',
  ],
  ['a name like none', 'odoo: name, external: xyz', '5:29: fields[0].external: customers has no field "xyz"'],
  [
    'a reference without more',
    'odoo: country_id, external: country',
    '5:5: fields[0]: res.partner.country_id (reference) and customers.country (text) do not fit: a reference to res.country needs link: <mapping> where its records are synced, or lookup: { …, by: <field> }',
  ],
  [
    'types that do not fit',
    'odoo: active, external: total, direction: to-odoo',
    '5:5: fields[0]: res.partner.active (boolean) and customers.total (decimal) do not fit',
  ],
  [
    'a time as a number',
    'odoo: write_date, external: changed, direction: from-odoo',
    '5:5: fields[0]: res.partner.write_date (datetime) and customers.changed (integer) do not fit: add transform: epoch_s or epoch_ms',
  ],
  [
    'a computed field in Odoo',
    'odoo: write_date, external: country',
    '5:13: fields[0].odoo: res.partner.write_date cannot be written (computed or generated): say direction: from-odoo',
  ],
  [
    'a generated column',
    'odoo: name, external: total, direction: from-odoo',
    '5:29: fields[0].external: customers.total cannot be written (computed or generated): leave it out',
  ],
  [
    'a transform of another type',
    'odoo: active, external: full_name, transform: [not, { date: DDMMYYYY }]',
    '5:53: fields[0].transform: date works on date, and gets boolean',
  ],
  [
    'a transform that loses something',
    'odoo: name, external: full_name, transform: upper',
    '5:51: fields[0].transform: this cannot be reversed, so the pair needs direction: to-odoo or from-odoo',
  ],
  [
    'a map with one value twice',
    'odoo: name, external: full_name, map: { a: x, b: x }',
    '5:45: fields[0].map: this cannot be reversed, so the pair needs direction: to-odoo or from-odoo',
  ],
  [
    'a map of other values',
    'odoo: active, external: country, map: { yes: x }',
    '5:45: fields[0].map: "yes" is not a value of a field of type boolean',
  ],
  [
    'a date format',
    'odoo: name, external: full_name, transform: { date: DD.MM }',
    '5:51: fields[0].transform: "DD.MM" needs YYYY, MM and DD once each, and may have HH, mm and ss',
  ],
  [
    'a result that does not fit',
    'odoo: name, external: born, transform: cents',
    "5:46: fields[0].transform: the transform's result (integer) and customers.born (date) do not fit",
  ],
  [
    'lookup and transform',
    'odoo: country_id, external: country, transform: upper, lookup: { model: res.country, by: code }',
    '5:55: fields[0].transform: transform and lookup cannot be combined',
  ],
  [
    'link and lookup',
    'odoo: country_id, external: country, link: customers, lookup: { model: res.country, by: code }',
    '5:69: fields[0].lookup: lookup and link cannot be combined',
  ],
  [
    'a lookup that empties what it shows as empty',
    'odoo: country_id, external: country, lookup: { model: res.country, by: code, keyless: empty }',
    '5:93: fields[0].lookup.keyless: what is shown as empty would come back as empty, so the pair needs direction: from-odoo',
  ],
  [
    'a transformed key',
    'odoo: ref, external: id, transform: { prefix: x }',
    '5:43: fields[0].transform: the key is compared as it is on both sides, so it cannot be transformed',
  ],
  ['a linked key', 'odoo: ref, external: id, link: customers', '5:38: fields[0].link: the key cannot be a link'],
  [
    'an owner that nothing comes from',
    'odoo: name, external: full_name, direction: to-odoo, owner: odoo',
    '5:67: fields[0].owner: direction: to-odoo carries nothing from odoo, so it cannot be the owner',
  ],
]

describe('a pair', () => {
  test.each(PAIRS)('%s', (_, pair, problem) => {
    const [first = ''] = problemOfPair(pair)
    expect(first.startsWith(`mappings/m.yaml:${problem}`), first).toBe(true)
  })
})

test('all problems are found at once, in the order of the file', () => {
  const rest = `fields:
  - { odoo: nam, external: full_name }
  - { odoo: email, external: mial }
match:
  - { odoo: emall, external: mail }
`
  expect(problemsOf(rest)).toEqual([
    'mappings/m.yaml:5:13: fields[0].odoo: res.partner has no field "nam" (did you mean "name"?)',
    'mappings/m.yaml:6:30: fields[1].external: customers has no field "mial" (did you mean "mail"?)',
    'mappings/m.yaml:8:13: match[0].odoo: res.partner has no field "emall" (did you mean "email"?)',
  ])
})

test('a key that does not exist is reported where it is named', () => {
  const head =
    'odoo: { connection: erp, model: res.partner, key: reff }\nexternal: { connection: shop, collection: c, key: idd }\n'
  const { problems } = compileText('fields: [{ odoo: name, external: full_name }]\n', SIDES, null, head)
  expect(problems.map(formatProblem)).toEqual([
    'mappings/m.yaml:2:51: odoo.key: res.partner has no field "reff" (did you mean "ref"?)',
    'mappings/m.yaml:3:51: external.key: customers has no field "idd" (did you mean "id"?)',
  ])
})

test('two pairs may read one field, and not write one', () => {
  const rest = `fields:
  - { odoo: name, external: full_name }
  - { odoo: email, external: full_name }
`
  expect(problemsOf(rest)).toEqual([
    'mappings/m.yaml:6:30: fields[1].external: two pairs write to customers.full_name: give all but one of them direction: to-odoo',
  ])
  expect(
    problemsOf(
      rest
        .replace('external: full_name }\n  -', 'external: full_name }\n  -')
        .replace('email, external: full_name', 'email, external: full_name, direction: to-odoo'),
    ),
  ).toEqual([])
})

test('what a create needs and does not get is a warning', () => {
  const sides: Sides = {
    odoo: SIDES.odoo,
    external: {
      ...SIDES.external,
      shop_id: { type: 'integer', isRequired: true },
      at: { type: 'date', isRequired: true, isAssigned: true },
    },
  }
  const rest = 'fields: [{ odoo: name, external: full_name }]\n'
  const { mapping, problems } = compileText(rest, sides)
  expect(mapping).not.toBeNull()
  expect(problems.map(formatProblem)).toEqual([
    'mappings/m.yaml:3:11: warning: external: a record created in customers gets no shop_id, which is required: map it, or give it a value under defaults',
  ])
  expect(problemsOf(`${rest}direction: to-odoo\n`, sides)).toEqual([])
  const head = 'odoo: { connection: erp }\nexternal: { connection: shop, key: id, defaults: { shop_id: 5 } }\n'
  expect(compileText(rest, sides, null, head).problems).toEqual([])
})

test('defaults must exist', () => {
  const head =
    'odoo: { connection: erp, defaults: { customer_rnk: 1, write_date: 2 } }\nexternal: { connection: shop, key: id }\n'
  const { problems } = compileText('fields: [{ odoo: name, external: full_name }]\n', SIDES, null, head)
  expect(problems.map(formatProblem)).toEqual([
    'mappings/m.yaml:2:52: odoo.defaults.customer_rnk: res.partner has no field "customer_rnk" (did you mean "customer_rank"?)',
    'mappings/m.yaml:2:67: odoo.defaults.write_date: res.partner.write_date cannot be written',
  ])
})

test('a compiled mapping has its defaults, and the key in front', () => {
  const { mapping, problems } = compileText('fields: [{ odoo: name, external: full_name, owner: odoo }]\n', SIDES)
  expect(problems).toEqual([])
  expect(mapping).toMatchObject({
    name: 'customers',
    file: 'mappings/m.yaml',
    sides: { odoo: { connection: 'erp', spec: { model: 'res.partner' }, defaults: {} } },
    direction: 'both',
    key: { odoo: 'ref', external: 'id', fold: { case: false, space: false }, generate: null },
    match: [{ odoo: 'ref', external: 'id' }],
    conflict: 'newest',
    deletes: { odoo: 'ignore', external: 'ignore', guard: { share: 0.1, count: 50 } },
    onExit: { odoo: 'keep', external: 'keep' },
    changesGuard: { share: 0.5, count: 1000 },
    schedule: { kind: 'every', ms: 5000 },
    deep: { kind: 'every', ms: 60_000 },
    sweep: { kind: 'every', ms: 21_600_000 },
    compareWithinMs: 86_400_000,
    waitLimitMs: 7 * 86_400_000,
    maxAttempts: 8,
    pageSize: null,
  })
  expect(mapping?.fields).toMatchObject([
    {
      name: 'ref:id',
      isKey: true,
      writable: { odoo: { create: true, update: true }, external: { create: false, update: false } },
    },
    { name: 'name:full_name', isKey: false, direction: 'both', owner: 'odoo', conflict: 'newest' },
  ])
})

test('a key that is listed keeps its place', () => {
  const rest = 'fields: [{ odoo: name, external: full_name }, { odoo: ref, external: id }]\n'
  const { mapping } = compileText(rest, SIDES)
  expect(mapping?.fields.map((rule) => [rule.name, rule.isKey])).toEqual([
    ['name:full_name', false],
    ['ref:id', true],
  ])
})

test("a pair's direction lies within the mapping's", () => {
  const rest = 'direction: from-odoo\nfields: [{ odoo: name, external: full_name, direction: both }]\n'
  expect(problemsOf(rest)).toEqual([
    'mappings/m.yaml:5:56: fields[0].direction: the whole mapping has direction: from-odoo, so this can be no other',
  ])
})

describe('deletes', () => {
  const rest = 'fields: [{ odoo: name, external: full_name }]\n'
  const policies = (more: string, odoo: Capabilities, external: Capabilities) => {
    const { mapping, problems } = compileText(rest + more, SIDES, { odoo, external })
    return mapping
      ? [mapping.deletes.odoo, mapping.deletes.external, ...problems.map(formatProblem)]
      : problems.map(formatProblem)
  }

  test('archive where the target can, by themselves', () => {
    expect(policies('', capabilities(true), capabilities(true))).toEqual(['archive', 'archive'])
    expect(policies('', capabilities(true), capabilities(false))).toEqual(['ignore', 'archive'])
    expect(policies('direction: from-odoo\n', capabilities(true), capabilities(true))).toEqual(['archive', 'ignore'])
  })

  test('are as they were written', () => {
    expect(policies('deletes: { from_odoo: delete }\n', capabilities(true), capabilities(false))).toEqual([
      'delete',
      'archive',
    ])
  })

  test('cannot archive where nothing archives', () => {
    expect(policies('deletes: { from_odoo: archive }\n', capabilities(true), capabilities(false))).toEqual([
      'mappings/m.yaml:5:23: deletes.from_odoo: customers has nothing that archives a record: say delete or ignore, or configure archive for it',
    ])
    expect(policies('on_exit: { from_odoo: archive }\n', capabilities(true), capabilities(false))).toEqual([
      'mappings/m.yaml:5:23: on_exit.from_odoo: customers has nothing that archives a record: say delete or ignore, or configure archive for it',
    ])
  })

  test('against the direction, or unseen', () => {
    expect(
      policies('direction: to-odoo\ndeletes: { from_odoo: delete }\n', capabilities(true), capabilities(true)),
    ).toEqual([
      'mappings/m.yaml:6:23: deletes.from_odoo: direction: to-odoo carries nothing from odoo: leave this out or say ignore',
    ])
    expect(policies('deletes: { from_external: delete }\n', capabilities(true), capabilities(false, 'none'))).toEqual([
      'ignore',
      'delete',
      'mappings/m.yaml:5:27: warning: deletes.from_external: deletes in customers cannot be seen, so this never happens',
    ])
  })
})

test('keys that both sides make must differ', () => {
  const sides: Sides = { odoo: SIDES.odoo, external: { ...SIDES.external, code: text } }
  const head = 'odoo: { connection: erp }\nexternal: { connection: shop, key: code }\n'
  const rest = 'key: { generate: "C-{id}" }\nfields: [{ odoo: name, external: full_name }]\n'
  const problems = (more: string) => compileText(more, sides, null, head).problems.map(formatProblem)
  expect(problems(rest)).toEqual([
    'mappings/m.yaml:4:18: warning: key.generate: records of both sides that have no key would get the same keys: add {side}, or let one side assign its own',
  ])
  expect(problems(rest.replace('{id}', '{side}-{id}'))).toEqual([])
  expect(problems(`${rest}direction: from-odoo\n`)).toEqual([])
  expect(problemsOf(rest)).toEqual([
    'mappings/m.yaml:4:18: key.generate: customers.id is a number, and this makes a text',
  ])
})
