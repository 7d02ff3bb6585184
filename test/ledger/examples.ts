import type { NewChange } from '../../src/ledger/change.ts'
import type { NewIntent } from '../../src/ledger/intent.ts'
import type { Ledger } from '../../src/ledger/ledger.ts'
import type { LinkWrite } from '../../src/ledger/link.ts'
import { FINGERPRINT_LENGTH, UNKNOWN_FINGERPRINT } from '../../src/ledger/seen.ts'
import type { Settlement } from '../../src/ledger/settlement.ts'
import type { Staging } from '../../src/ledger/staging.ts'

/** A ledger that tests may use: `reopen` gives the same one again, as after a restart. */
export interface OpenedLedger {
  readonly ledger: Ledger
  reopen(): Promise<Ledger>
  end(): Promise<void>
}

export const NOW_MS = 1_790_000_000_000

export const seen = (...letters: string[]) => letters.map((letter) => letter.repeat(FINGERPRINT_LENGTH)).join('')

export function change(id: string, more: Partial<NewChange> = {}): NewChange {
  return {
    side: 'odoo',
    id,
    kind: 'state',
    version: 'v1',
    changedAtMs: null,
    byUs: null,
    fields: { name: id },
    ...more,
  }
}

export function staging(changes: readonly NewChange[], more: Partial<Staging> = {}): Staging {
  return { side: changes[0]?.side ?? 'odoo', changes, touched: [], unchanged: 0, nowMs: NOW_MS, ...more }
}

export function settlement(more: Partial<Settlement> = {}): Settlement {
  return { nowMs: NOW_MS, links: [], resolved: [], kept: [], changes: [], intents: [], history: [], ...more }
}

export function link(
  odooId: string,
  externalId: string,
  more: Partial<Extract<LinkWrite, { kind: 'insert' }>> = {},
): LinkWrite {
  return {
    kind: 'insert',
    odooId,
    externalId,
    key: `key-${odooId}`,
    seen: { odoo: seen('a', 'b'), external: seen('c', 'd') },
    version: { odoo: 'v1', external: 'w1' },
    ...more,
  }
}

export function kept(
  change: { readonly side: 'odoo' | 'external'; readonly id: string; readonly seq: number },
  more: Partial<Settlement['kept'][number]> = {},
): Settlement['kept'][number] {
  return {
    side: change.side,
    id: change.id,
    seq: change.seq,
    state: 'pending',
    attempts: 0,
    notBeforeMs: 0,
    fault: null,
    conflicts: [],
    waitsFor: [],
    ...more,
  }
}

export function intent(cause: { readonly id: string; readonly seq: number }, more: Partial<NewIntent> = {}): NewIntent {
  return {
    side: 'external',
    operation: { kind: 'create', fields: { name: cause.id } },
    ids: { odoo: cause.id, external: null },
    cause: { side: 'odoo', id: cause.id, seq: cause.seq },
    key: cause.id,
    sourceSeen: `abcdefgh${UNKNOWN_FINGERPRINT}`,
    ...more,
  }
}
