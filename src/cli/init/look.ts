import type { Connector, FieldSchema } from '../../contract/connector.ts'
import type { Fields } from '../../contract/value.ts'
import type { Sight } from '../../propose/propose-fields.ts'

const SAMPLE = 200
/** Reading more of them takes longer than it helps. */
const MAX_FIELDS = 80
const TELLING: readonly FieldSchema['type'][] = ['text', 'integer', 'decimal', 'date', 'datetime']

/** A collection's fields and some of its records. */
export async function lookAt(connector: Connector, spec: object, signal: AbortSignal): Promise<Sight> {
  const schema = await connector.collection({ spec, fields: [], consumer: 'init' }).describe(signal)
  const names = [...schema.fields.values()]
    .filter(({ type, isElsewhere }) => TELLING.includes(type) && isElsewhere !== true)
    .map(({ name }) => name)
    .slice(0, MAX_FIELDS)
  return { schema, sample: await sampleOf(connector, spec, names, signal) }
}

/** Values help to tell which fields correspond; where they cannot be read, names have to do. */
async function sampleOf(
  connector: Connector,
  spec: object,
  fields: readonly string[],
  signal: AbortSignal,
): Promise<readonly Fields[]> {
  try {
    const { feed, sink } = connector.collection({ spec, fields, consumer: 'init' })
    const listing = await feed?.list?.(null, SAMPLE, signal)
    if (!listing || !sink) return []
    const records = await sink.read(
      listing.entries.slice(0, SAMPLE).map(({ id }) => id),
      signal,
    )
    return [...records.values()].map((record) => record.fields)
  } catch {
    signal.throwIfAborted()
    return []
  }
}
