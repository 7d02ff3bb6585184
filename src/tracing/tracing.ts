import type { Attributes, Span, Tracer } from '@opentelemetry/api'
import { asSyncError } from '../contract/error.ts'
import type { Activity, Around } from '../engine/activity.ts'
import type { SyncEvent } from '../engine/context.ts'
import { VERSION } from '../version.ts'

/** Spans for whoever runs an OpenTelemetry SDK in this process. */
export interface Tracing {
  /** A span for each run, and within it one for each call to a system. */
  readonly around: Around
  /** A span for each thing that became of a record, within the run that did it. */
  readonly emit: (event: SyncEvent) => void
}

/**
 * Null where `@opentelemetry/api` is not installed. Where no SDK is registered (`node --import`), spans cost next to nothing and go
 * nowhere. They hold names, ids and keys, never values.
 */
export async function loadTracing(): Promise<Tracing | null> {
  const api = await import('@opentelemetry/api').catch(() => null)
  if (api === null) return null
  const { SpanStatusCode } = api
  const tracer: Tracer = api.trace.getTracer('tandem', VERSION)

  const around: Around = (activity, work) =>
    tracer.startActiveSpan(nameOf(activity), { attributes: attributesOf(activity) }, async (span: Span) => {
      try {
        return await work()
      } catch (thrown) {
        const { code, message } = asSyncError(thrown)
        span.setStatus({ code: SpanStatusCode.ERROR, message: `${code}: ${message}` })
        span.setAttribute('error.type', code)
        throw thrown
      } finally {
        const records = activity.kind === 'call' ? activity.records() : null
        if (records !== null) span.setAttribute('tandem.records', records)
        span.end()
      }
    })

  const emit = (event: SyncEvent): void => {
    const { mapping, kind, side, odooId, externalId, key, capturedAtMs, message } = event
    const span = tracer.startSpan(`record ${kind}`, {
      attributes: withoutNulls({
        'tandem.mapping': mapping,
        'tandem.side': side,
        'tandem.odoo_id': odooId,
        'tandem.external_id': externalId,
        'tandem.key': key,
      }),
      ...(capturedAtMs === undefined || !Number.isFinite(capturedAtMs) ? {} : { startTime: capturedAtMs }),
    })
    if (message !== undefined && PROBLEMS.has(kind)) span.setStatus({ code: SpanStatusCode.ERROR, message })
    span.end()
  }
  return { around, emit }
}

const PROBLEMS: ReadonlySet<SyncEvent['kind']> = new Set(['conflict', 'dead', 'retry', 'guard', 'paused', 'run'])

function nameOf(activity: Activity): string {
  return activity.kind === 'run' ? `run ${activity.mapping}` : `${activity.method} ${activity.connection}`
}

function attributesOf(activity: Activity): Attributes {
  return activity.kind === 'run'
    ? { 'tandem.mapping': activity.mapping, 'tandem.depth': activity.depth }
    : { 'tandem.connection': activity.connection, 'tandem.method': activity.method }
}

function withoutNulls(attributes: Readonly<Record<string, string | null>>): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== null)) as Attributes
}
