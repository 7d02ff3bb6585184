import { SyncError } from '../contract/error.ts'
import type { Value } from '../contract/value.ts'
import type { Side } from '../mapping/mapping.ts'
import type { RecordName } from '../operations/site.ts'

/** Records as arguments name them: a side and ids there. @throws SyncError `config` */
export function recordsNamed(side: string | undefined, ids: readonly string[]): readonly RecordName[] {
  const named = sideNamed(side)
  if (ids.length === 0) throw new SyncError('config', 'Say which: give the ids of the records.')
  return ids.map((id) => ({ side: named, id }))
}

export function recordNamed(side: string | undefined, id: string | undefined): RecordName {
  const [record] = recordsNamed(side, id === undefined ? [] : [id])
  if (record) return record
  throw new SyncError('config', 'Say which: give the id of the record.')
}

export function sideNamed(text: string | undefined): Side {
  if (text === 'odoo' || text === 'external') return text
  throw new SyncError('config', `"${text ?? ''}" is no side: write odoo or external.`)
}

/** "email=ada@example.com" for each field. An empty value empties the field; what is JSON but not text is taken as such. */
export function fieldsNamed(assignments: readonly string[]): Readonly<Record<string, Value>> {
  return Object.fromEntries(
    assignments.map((assignment): [string, Value] => {
      const at = assignment.indexOf('=')
      if (at < 1) throw new SyncError('config', `"${assignment}" is no assignment: write field=value.`)
      return [assignment.slice(0, at), typedValue(assignment.slice(at + 1))]
    }),
  )
}

/** Numbers stay text here: the field's type decides, and "007" may be a code. */
function typedValue(text: string): Value {
  if (text === '') return null
  if (!/^[[{]|^(?:true|false|null)$/.test(text)) return text
  try {
    return JSON.parse(text) as Value
  } catch {
    return text
  }
}
