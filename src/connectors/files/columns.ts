import type { ColumnSettings, FilesCollectionSettings } from './collection-schema.ts'
import { compileDatePattern, type DatePattern } from './date-pattern.ts'

/** A field and how it is written in the files. */
export interface Column {
  readonly field: string
  /** Its name in the file. */
  readonly from: string
  readonly type: ColumnSettings['type']
  readonly isRequired: boolean
  readonly decimal: string
  readonly thousands: string
  readonly digits: number | null
  readonly yes: readonly string[]
  readonly no: readonly string[]
  readonly date: DatePattern
  readonly dateText: string
  /** null: ISO 8601. */
  readonly datetime: DatePattern | null
  readonly datetimeText: string
  readonly timezone: string
  readonly emptyIsNull: boolean
  readonly trims: boolean
  /** JSON has numbers and booleans of its own. */
  readonly isNative: boolean
}

/** A column with what it does not say itself taken from the collection. */
export function columnOf(field: string, own: Partial<ColumnSettings>, settings: FilesCollectionSettings): Column {
  const dateText = own.date ?? settings.date ?? 'YYYY-MM-DD'
  const datetimeText = own.datetime ?? settings.datetime ?? 'iso'
  return {
    field,
    from: own.from ?? field,
    type: own.type ?? 'text',
    isRequired: own.required ?? false,
    decimal: own.decimal ?? settings.decimal ?? '.',
    thousands: own.thousands ?? settings.thousands ?? '',
    digits: own.digits ?? settings.digits ?? null,
    yes: own.yes ?? settings.yes ?? ['true', 'yes', 'y', '1'],
    no: own.no ?? settings.no ?? ['false', 'no', 'n', '0'],
    date: compileDatePattern(dateText).pattern,
    dateText,
    datetime: datetimeText === 'iso' ? null : compileDatePattern(datetimeText).pattern,
    datetimeText,
    timezone: own.timezone ?? settings.timezone ?? 'UTC',
    emptyIsNull: (own.empty ?? settings.empty ?? 'null') === 'null',
    trims: own.trim ?? settings.trim ?? true,
    isNative: settings.format !== 'csv',
  }
}
