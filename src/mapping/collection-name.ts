const NAMES = ['collection', 'table', 'model'] as const

/** What a side of a mapping calls its collection: `customers`, `public.customers`, `res.partner`; '' where it has no name. */
export function collectionName(spec: Readonly<Record<string, unknown>>): string {
  for (const name of NAMES) {
    const value = spec[name]
    if (typeof value === 'string') return value
    if (typeof value === 'object' && value !== null) return collectionName(value as Readonly<Record<string, unknown>>)
  }
  return ''
}
