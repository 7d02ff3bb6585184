import fc from 'fast-check'
import { describe, it } from 'vitest'
import { CUSTOMERS, customers, PARTNERS } from './customers.ts'
import { CHECKED, command, playHistory } from './history.ts'
import { createWorld } from './world.ts'

/** Histories of a test, and of the whole suite with the environment's say. A failure prints its seed and path. */
const RUNS = Number(process.env.TANDEM_HISTORIES ?? 250)
const seed = process.env.TANDEM_SEED === undefined ? undefined : Number(process.env.TANDEM_SEED)

const VARIANTS: readonly { name: string; mapping: string; checked: readonly string[] }[] = [
  { name: 'newest wins, archives', mapping: customers(), checked: CHECKED },
  { name: 'odoo wins, deletes', mapping: withDeletes('delete', 'conflict: odoo'), checked: CHECKED },
  { name: 'the shop wins, ignores deletes', mapping: withDeletes('ignore', 'conflict: external'), checked: CHECKED },
  {
    name: 'people decide, each side owns a field',
    mapping: customers('conflict: manual')
      .replace('external: email }', 'external: email, owner: external }')
      .replace('external: phone }', 'external: phone, owner: odoo }'),
    checked: ['name', 'credit'],
  },
]

function withDeletes(policy: string, more: string): string {
  return customers(more).replace(/from_(odoo|external): archive/g, `from_$1: ${policy}`)
}

describe('random histories end in step', () => {
  it.each(VARIANTS)(
    '$name',
    async ({ mapping, checked }) => {
      await fc.assert(
        fc.asyncProperty(fc.array(command, { minLength: 5, maxLength: 40 }), fc.nat(1000), async (commands, chance) => {
          const world = await createWorld({
            odoo: { partners: PARTNERS },
            external: { customers: CUSTOMERS },
            mappings: { customers: mapping },
            seed: chance,
          })
          try {
            await playHistory(world, commands, checked)
          } finally {
            await world.close()
          }
        }),
        { numRuns: RUNS, ...(seed === undefined ? {} : { seed }) },
      )
    },
    600_000,
  )
})
