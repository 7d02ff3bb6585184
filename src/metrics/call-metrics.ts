import { Counter, Histogram, type Registry } from 'prom-client'
import { asSyncError } from '../contract/error.ts'
import type { Activity, Around } from '../engine/activity.ts'

/** In seconds: from a look-up in the same machine room to the longest call that is allowed. */
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 180]
const RECORDS = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000]

/** Counts and times what connectors ask of their systems, and the runs of mappings. */
export function callMetrics(registry: Registry): Around {
  const registers = [registry]
  const calls = new Counter({
    name: 'tandem_calls_total',
    help: "Calls to a system, by how they ended: ok, or the error's code.",
    labelNames: ['connection', 'method', 'outcome'],
    registers,
  })
  const seconds = new Histogram({
    name: 'tandem_call_seconds',
    help: 'How long calls to a system took.',
    labelNames: ['connection', 'method'],
    buckets: SECONDS,
    registers,
  })
  const records = new Histogram({
    name: 'tandem_call_records',
    help: 'How many records a call to a system was about: the sizes of pages and batches.',
    labelNames: ['connection', 'method'],
    buckets: RECORDS,
    registers,
  })
  const runs = new Counter({
    name: 'tandem_runs_total',
    help: "Runs of a mapping, by how they ended: ok, or the error's code.",
    labelNames: ['mapping', 'outcome'],
    registers,
  })
  const runSeconds = new Histogram({
    name: 'tandem_run_seconds',
    help: 'How long runs of a mapping took.',
    labelNames: ['mapping'],
    buckets: [...SECONDS, 600, 1800],
    registers,
  })
  const ended = (activity: Activity, outcome: string, tookSeconds: number): void => {
    if (activity.kind === 'run') {
      const { mapping } = activity
      runs.inc({ mapping, outcome })
      runSeconds.observe({ mapping }, tookSeconds)
      return
    }
    const { connection, method } = activity
    const size = activity.records()
    calls.inc({ connection, method, outcome })
    seconds.observe({ connection, method }, tookSeconds)
    if (size !== null) records.observe({ connection, method }, size)
  }
  return async (activity, work) => {
    const startMs = performance.now()
    const tookSeconds = (): number => (performance.now() - startMs) / 1000
    try {
      const result = await work()
      ended(activity, 'ok', tookSeconds())
      return result
    } catch (thrown) {
      ended(activity, asSyncError(thrown).code, tookSeconds())
      throw thrown
    }
  }
}
