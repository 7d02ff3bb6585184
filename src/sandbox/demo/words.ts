import type { Fields, Value } from '../../contract/value.ts'

const LABELS: Readonly<Record<string, string>> = {
  x_credit_limit: 'credit limit',
  credit_limit: 'credit limit',
  country_id: 'country',
  parent_id: 'company',
  company_id: 'company',
  function: 'job',
  comment: 'note',
  ref: 'code',
}

/** "phone, email updated" for what was written to a record of either side. */
export function fieldWords(fields: Fields, verb = 'updated'): string {
  const names = Object.keys(fields).filter((name) => name !== 'active' && name !== 'archived')
  const change = names.length > 0 ? [`${names.map((name) => LABELS[name] ?? name).join(', ')} ${verb}`] : []
  return [...change, ...archiveWords(fields)].join(', ')
}

function archiveWords({ active, archived }: Fields): readonly string[] {
  const isArchived: Value | undefined = active === undefined ? archived : !active
  if (isArchived === undefined) return []
  return [isArchived ? 'archived' : 'brought back']
}

export function shortened(text: string, length = 40): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text
}
