import type { StoredChange } from './change.ts'
import type { Link } from './link.ts'

/** What is to be decided together: the changes of both sides of one link, or of one record without a link. */
export interface Work {
  readonly link: Link | null
  readonly odoo: StoredChange | null
  readonly external: StoredChange | null
}
