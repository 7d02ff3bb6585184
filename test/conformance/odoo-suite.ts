import { afterAll, beforeAll, beforeEach, describe } from 'vitest'
import type { OdooSeries } from '../../scripts/real/odoo-install.ts'
import type { Protocol } from '../../src/connectors/odoo/transport/transport.ts'
import { describeOdoo14 } from './odoo-14.ts'
import { describeCallErrors } from './odoo-call-errors.ts'
import { type Differences, differencesOf } from './odoo-differences.ts'
import { describeDomains } from './odoo-domains.ts'
import { describeFields } from './odoo-fields.ts'
import { describeFiles } from './odoo-files.ts'
import { createLab, type Lab, type OdooUnderTest } from './odoo-lab.ts'
import { describePartners } from './odoo-partners.ts'
import { describeRpcErrors } from './odoo-rpc-errors.ts'
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
export function describeOdooConformance(
  name: string,
  start: () => Promise<OdooUnderTest>,
  protocol: Protocol,
  series: OdooSeries = '19',
): void {
  describe(`Odoo conformance: ${name}`, () => {
    let lab: Lab
    beforeAll(async () => {
      lab = createLab(await start())
    })
    afterAll(async () => {
      await lab.cleanUp()
      await lab.odoo.close()
    })
    beforeEach(({ task, skip }) => {
      const reason = reasonFor(task.name, differencesOf(lab.odoo))
      if (reason !== undefined) skip(reason)
    })
    const inLab = (): Lab => lab
    describeCallErrors(inLab)
    if (protocol !== 'json2') describeRpcErrors(inLab)
    if (series === '14') describeOdoo14(inLab)
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

/** Vitest cuts long titles that come from a table, and ends them with an ellipsis, as some of the differences end. */
function reasonFor(title: string, differences: Differences): string | undefined {
  const found = Object.entries(differences).find(([key]) => key === title || isStart(title, key) || isStart(key, title))
  return found?.[1]
}

function isStart(start: string, whole: string): boolean {
  return start.endsWith('…') && whole.startsWith(start.slice(0, -1))
}
