import type { RecordId, Version } from '../contract/change.ts'
import type { Side } from '../mapping/mapping.ts'
import type { Seen } from './seen.ts'

export interface Link {
  readonly id: number
  readonly odooId: RecordId
  readonly externalId: RecordId
  readonly key: string | null
  /** `odoo-gone`, `external-gone`: that record was deleted, and the other is left as the policy says: a tombstone. */
  readonly state: 'live' | 'odoo-gone' | 'external-gone'
  readonly seen: Readonly<Record<Side, Seen>>
  readonly version: Readonly<Record<Side, Version>>
}

export type LinkWrite =
  | {
      readonly kind: 'insert'
      readonly odooId: RecordId
      readonly externalId: RecordId
      readonly key: string | null
      readonly seen: Readonly<Record<Side, Seen>>
      readonly version: Readonly<Record<Side, Version>>
    }
  | {
      readonly kind: 'update'
      readonly id: number
      /** What is missing stays as it is. */
      readonly odooId?: RecordId
      readonly externalId?: RecordId
      readonly key?: string | null
      readonly state?: Link['state']
      readonly seen?: Partial<Record<Side, Seen>>
      readonly version?: Partial<Record<Side, Version>>
    }
  | { readonly kind: 'delete'; readonly id: number }
  /** The records of link `of` were merged into those of link `id`: whoever refers to them means these. */
  | {
      readonly kind: 'alias'
      readonly id: number
      readonly of: number
      readonly odooId: RecordId
      readonly externalId: RecordId
    }
