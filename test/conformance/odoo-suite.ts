import { afterAll, beforeAll, describe } from 'vitest'
import { describeCallErrors } from './odoo-call-errors.ts'
import { describeDomains } from './odoo-domains.ts'
import { describeFields } from './odoo-fields.ts'
import { describeFiles } from './odoo-files.ts'
import { createLab, type Lab, type OdooUnderTest } from './odoo-lab.ts'
import { describePartners } from './odoo-partners.ts'
import { describeSearchErrors } from './odoo-search-errors.ts'
import { describeTypedFields } from './odoo-typed-fields.ts'
import { describeValueErrors } from './odoo-value-errors.ts'
import { describeValues } from './odoo-values.ts'
import { describeWriteDates } from './odoo-write-dates.ts'
import { describeWrites } from './odoo-writes.ts'

/**
 * What the daemon believes of Odoo, one case a belief. The same cases run against the stand-in and the real one, so
 * that the stand-in can be trusted; where they differ, the stand-in is wrong.
 */
export function describeOdooConformance(name: string, start: () => Promise<OdooUnderTest>): void {
  describe(`Odoo conformance: ${name}`, () => {
    let lab: Lab
    beforeAll(async () => {
      lab = createLab(await start())
    })
    afterAll(async () => {
      await lab.cleanUp()
      await lab.odoo.close()
    })
    const inLab = (): Lab => lab
    describeCallErrors(inLab)
    describeSearchErrors(inLab)
    describeValueErrors(inLab)
    describeFields(inLab)
    describeValues(inLab)
    describeTypedFields(inLab)
    describeDomains(inLab)
    describeWrites(inLab)
    describeWriteDates(inLab)
    describePartners(inLab)
    describeFiles(inLab)
  })
}
