import { describe, expect, it } from 'vitest'
import type { Side } from '../../src/mapping/mapping.ts'
import { checkNeeds } from '../../src/operations/check-needs.ts'
import { compileText } from '../mapping/pair.ts'

const SIDES = {
  odoo: { name: { type: 'text' }, state: { type: 'text' } },
  external: { label: { type: 'text' }, status: { type: 'text' } },
} as const
const FIELDS = 'fields:\n  - { odoo: name, external: label }\n'
const STEPS = `steps:
  - { name: confirm, when: "external.status == 'paid'", unless: "odoo.state == 'sale'", call: { method: confirm } }
`

function needs(text: string, side: Side) {
  const { mapping, problems } = compileText(text, SIDES)
  if (!mapping) throw new Error(problems.map(({ message }) => message).join('\n'))
  return checkNeeds(mapping, side)
}

describe('what a mapping needs', () => {
  it('on both sides of one that flows both ways', () => {
    const all = { create: true, update: true, remove: false }
    expect([needs(FIELDS, 'odoo'), needs(FIELDS, 'external')]).toEqual([all, all])
    expect(needs(`${FIELDS}deletes: { from_odoo: delete, from_external: archive }\n`, 'external').remove).toBe(true)
    expect(needs(`${FIELDS}deletes: { from_odoo: archive, from_external: delete }\n`, 'external').remove).toBe(false)
  })

  it('is nothing on the side that is only read, also where steps look at it', () => {
    const nothing = { create: false, update: false, remove: false }
    expect(needs(`direction: to-odoo\n${FIELDS}${STEPS}`, 'external')).toEqual(nothing)
    expect(needs(`direction: to-odoo\n${FIELDS}${STEPS}`, 'odoo')).toMatchObject({ create: true, update: true })
    expect(needs(`direction: from-odoo\n${FIELDS}`, 'odoo')).toEqual(nothing)
  })
})
