import { describe, expect, test } from 'vitest'
import { formatProblem } from '../../src/mapping/problem.ts'
import { compileText, type FieldTraits, type Sides } from './pair.ts'

const text: FieldTraits = { type: 'text' }
const SIDES: Sides = {
  odoo: { name: text, email: text, ref: text, street: text },
  external: { full_name: text, mail: text, title: text, note: text },
}

function circlesOf(...pairs: readonly string[]): readonly string[] {
  const { problems } = compileText(`fields:\n${pairs.map((pair) => `  - { ${pair} }\n`).join('')}`, SIDES)
  return problems.map(formatProblem)
}

const REFUSED: readonly (readonly [name: string, pairs: readonly string[], said: readonly string[]])[] = [
  [
    'two that read each other',
    ['odoo: name, value: "external.title + \'!\'"', 'external: title, value: "odoo.name"'],
    ['odoo.name is calculated from external.title', 'external.title is calculated from odoo.name'],
  ],
  [
    'three in a ring',
    [
      'odoo: name, value: "external.title"',
      'external: note, value: "odoo.name"',
      'odoo: street, value: "external.note"',
      'external: title, value: "odoo.street"',
    ],
    [
      'odoo.name is calculated from external.title',
      'external.note is calculated from odoo.name',
      'odoo.street is calculated from external.note',
      'external.title is calculated from odoo.street',
    ],
  ],
  [
    'one that a plain pair feeds back',
    ['odoo: name, value: "external.title + \'!\'"', 'odoo: name, external: title, direction: from-odoo'],
    ['odoo.name is calculated from external.title'],
  ],
  [
    'two on one side that read each other',
    [
      'odoo: name, value: "string(external.note) + string(odoo.street)"',
      'odoo: street, value: "string(external.mail) + string(odoo.name)"',
    ],
    ['odoo.name is calculated from odoo.street', 'odoo.street is calculated from odoo.name'],
  ],
]

describe('values that depend on themselves', () => {
  test.each(REFUSED)('%s are refused', (_, pairs, said) => {
    const problems = circlesOf(...pairs)
    expect(problems).toHaveLength(said.length)
    for (const [index, part] of said.entries()) {
      expect(problems[index]).toMatch(/^mappings\/m\.yaml:\d+:\d+: fields\[\d\]\.value: /)
      expect(problems[index]).toContain(`${part}, which gets its own value from`)
    }
  })

  test.each([
    [
      'one calculated from a pair that flows both ways',
      ['odoo: name, external: title', 'external: note, value: "odoo.name"'],
    ],
    ['a chain with an end', ['odoo: name, value: "external.title"', 'external: note, value: "odoo.name"']],
    [
      'one that reads the side that it is written to',
      ['odoo: name, value: "string(external.title) + string(odoo.street)"', 'odoo: street, external: mail'],
    ],
  ])('%s is none', (_, pairs) => {
    expect(circlesOf(...pairs)).toEqual([])
  })
})

test('a field that is calculated from its own side cannot get its value from another pair as well', () => {
  const problems = circlesOf(
    'odoo: name, value: "string(external.title) + string(odoo.street)"',
    'odoo: name, external: full_name',
  )
  expect(problems).toEqual([expect.stringContaining('two pairs write to res.partner.name')])
})
