import fc from 'fast-check'
import { it } from 'vitest'
import { PARTNERS } from './customers.ts'
import { type Command, playHistory } from './history.ts'
import type { Variant } from './variants.ts'
import { createWorld } from './world.ts'

/** How many histories each of ten tests plays: more than 1,000 in all. A failure prints a seed; with TANDEM_SEED it is played again. */
const RUNS = Number(process.env.TANDEM_HISTORIES ?? 102)
const seed = process.env.TANDEM_SEED === undefined ? undefined : Number(process.env.TANDEM_SEED)

/** Random histories of a variant end in step, with every promise kept on the way. */
export function checkHistories(variant: Variant, command: fc.Arbitrary<Command>, isCalm: boolean): void {
  it(`${variant.name}${isCalm ? ', nothing goes wrong' : ''}`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 5, maxLength: 40 }), fc.nat(1000), async (commands, chance) => {
        const world = await createWorld({
          odoo: { partners: variant.partners?.() ?? PARTNERS },
          external: { customers: variant.shop },
          mappings: { customers: variant.mapping },
          seed: chance,
          directFrom: chance % 2 === 0 ? 1 : 1000,
        })
        try {
          await playHistory(world, commands, variant.checked, isCalm)
        } finally {
          await world.close()
        }
      }),
      { numRuns: RUNS, ...(seed === undefined ? {} : { seed }) },
    )
  }, 600_000)
}
