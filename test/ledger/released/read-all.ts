import type { Ledger } from '../../../src/ledger/ledger.ts'

const MANY = 1_000
const MAPPING = 'customers'

/** All that a ledger says of what `fillLedger` wrote, as JSON has it. */
export async function readAll(ledger: Ledger): Promise<Readonly<Record<string, unknown>>> {
  await ledger.openMapping(MAPPING, ['name:name', 'email:email'])
  const far = Number.MAX_SAFE_INTEGER
  const said = {
    mappings: await ledger.mappings(),
    links: await ledger.linksAfter(MAPPING, 0, MANY),
    liveLinks: await ledger.countLinks(MAPPING),
    byKey: [...(await ledger.linksByKey(MAPPING, ['key-1', 'key-22']))],
    merged: [...(await ledger.survivors(MAPPING, 'odoo', ['7']))],
    cursors: { odoo: await ledger.cursor(MAPPING, 'odoo'), external: await ledger.cursor(MAPPING, 'external') },
    changes: await ledger.changes(MAPPING, { limit: MANY }),
    intents: await ledger.openIntents(MAPPING),
    waits: await ledger.waits(MANY),
    steps: await ledger.steps(MAPPING, { limit: MANY }),
    history: await Promise.all(
      ['1', '2', '3', '6', '7'].map((odooId) => ledger.history(MAPPING, { odooId, limit: MANY })),
    ),
    historyByKey: await ledger.history(MAPPING, { key: 'key-1', limit: MANY }),
    arrivals: await ledger.arrivals(MAPPING, far, MANY),
    heard: await ledger.heardPosition(MAPPING, 'odoo'),
    counts: await ledger.counts(MAPPING),
    throughput: await ledger.throughput(MAPPING, 0),
    oldestChangeMs: await ledger.oldestChangeMs(MAPPING),
    sweep: await ledger.sweepCounts(MAPPING, 'external'),
    state: await ledger.state(MAPPING),
    notes: await ledger.connectionNotes('erp'),
    jobs: await ledger.openRequests(),
  }
  return JSON.parse(JSON.stringify(said))
}
