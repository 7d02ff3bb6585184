import type { Change } from '../../contract/change.ts'
import { SyncError } from '../../contract/error.ts'
import type { Value } from '../../contract/value.ts'
import { textAt } from '../../http/json-path.ts'
import { readItem } from './item.ts'
import type { Resource } from './resource.ts'

/** A version that is a whole number, which grows with each change. */
const ORDERED = /^\d+~?$/

/** An item in a webhook, as far as it can be understood: fields that it leaves out are unknown. */
export function toldRecord(resource: Resource, item: Value): Exclude<Change, { kind: 'gone' }> {
  const { definition } = resource
  const id = textAt(item, definition.id)
  if (id === null || id === '') throw new SyncError('invalid', `The record has no id at "${definition.id}".`)
  const reader = resource.knownReader()
  if (reader === null || definition.partial) return { kind: 'hint', id, version: null }
  const state = readItem(reader, item, false, null)
  return ORDERED.test(state.version ?? '') ? { kind: 'state', state } : { kind: 'hint', id, version: null }
}
