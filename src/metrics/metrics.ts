import { collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { Around } from '../engine/activity.ts'
import { VERSION } from '../version.ts'
import { callMetrics } from './call-metrics.ts'
import { type StatusSource, statusMetrics } from './status-metrics.ts'

/** Figures of this process, as Prometheus reads them. */
export interface Metrics {
  /** Measures what is done within it. */
  readonly around: Around
  /** From now on a scrape also tells what the ledger knows. */
  watch(source: StatusSource): void
  /** Everything, in the text format. */
  scrape(): Promise<{ readonly contentType: string; readonly body: string }>
}

/** The metrics of one process. */
export function createMetrics(): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  new Gauge({
    name: 'tandem_info',
    help: 'The version that runs.',
    labelNames: ['version'],
    registers: [registry],
  }).set({ version: VERSION }, 1)
  let refresh = async (): Promise<void> => {}
  return {
    around: callMetrics(registry),
    watch(source) {
      refresh = statusMetrics(registry, source)
    },
    async scrape() {
      await refresh()
      return { contentType: registry.contentType, body: await registry.metrics() }
    },
  }
}
