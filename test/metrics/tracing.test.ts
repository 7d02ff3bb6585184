import {
  InMemorySpanExporter,
  NodeTracerProvider,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-node'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { SyncError } from '../../src/contract/error.ts'
import { loadTracing, type Tracing } from '../../src/tracing/tracing.ts'

const exporter = new InMemorySpanExporter()
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
let tracing: Tracing

beforeAll(async () => {
  // As an operator's own SDK does it, before Tandem starts.
  provider.register()
  const loaded = await loadTracing()
  if (loaded === null) throw new Error('@opentelemetry/api was not found')
  tracing = loaded
})
afterAll(() => provider.shutdown())

const parentOf = (span: ReadableSpan | undefined): string | undefined => span?.parentSpanContext?.spanId

test('a change can be followed: its record, the run that settled it, and the calls that run made', async () => {
  const capturedAtMs = Date.now() - 1500
  const run = { kind: 'run', mapping: 'customers', depth: 'tail' } as const
  await tracing.around(run, async () => {
    await tracing.around({ kind: 'call', connection: 'erp', method: 'sink.apply', records: () => 2 }, async () => {})
    tracing.emit({
      mapping: 'customers',
      kind: 'updated',
      side: 'odoo',
      odooId: '7',
      externalId: '1',
      key: 'C-17',
      capturedAtMs,
      fields: { name: 'a value that no trace may hold' },
    })
  })
  const spans = exporter.getFinishedSpans()
  const [call, record, whole] = ['sink.apply erp', 'record updated', 'run customers'].map((name) =>
    spans.find((span) => span.name === name),
  )
  expect(parentOf(call)).toBe(whole?.spanContext().spanId)
  expect(parentOf(record)).toBe(whole?.spanContext().spanId)
  expect(call?.attributes).toMatchObject({ 'tandem.connection': 'erp', 'tandem.records': 2 })
  expect(record?.attributes).toEqual({
    'tandem.mapping': 'customers',
    'tandem.side': 'odoo',
    'tandem.odoo_id': '7',
    'tandem.external_id': '1',
    'tandem.key': 'C-17',
  })
  // From its capture to its settlement.
  expect(record?.duration[0]).toBe(1)
  expect(JSON.stringify(spans.map(({ attributes, events, status }) => ({ attributes, events, status })))).not.toContain(
    'no trace',
  )
})

test('a call that fails says why', async () => {
  exporter.reset()
  const call = { kind: 'call', connection: 'shop', method: 'feed.read', records: () => null } as const
  const failing = tracing.around(call, async () => {
    throw new SyncError('rate_limited', 'Slow down.')
  })
  await expect(failing).rejects.toThrow('Slow down.')
  const [span] = exporter.getFinishedSpans()
  expect(span?.status).toEqual({ code: 2, message: 'rate_limited: Slow down.' })
  expect(span?.attributes['error.type']).toBe('rate_limited')
})
