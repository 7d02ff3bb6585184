import { performance } from 'node:perf_hooks'
import { age, count } from '../words.ts'
import type { Terminal } from './terminal.ts'

const REWRITE_MS = 100
const LINE_MS = 5000
/** Before that, a rate says nothing. */
const MEASURED_MS = 1000

/** Shows on stderr how far something long has come: a line that is rewritten on a terminal, now and then one elsewhere. */
export interface Progress {
  /** `total` is null while nobody knows it. `extra` stands behind the numbers. */
  update(done: number, total: number | null, extra?: string): void
  /** Takes the line away. */
  end(): void
}

/** `what` is counted: "customers: records compared". */
export function createProgress(terminal: Terminal, what: string): Progress {
  const startedMs = performance.now()
  const pauseMs = terminal.isInteractive ? REWRITE_MS : LINE_MS
  let shownMs = terminal.isInteractive ? 0 : startedMs
  return {
    update(done, total, extra = '') {
      const nowMs = performance.now()
      if (nowMs - shownMs < pauseMs) return
      shownMs = nowMs
      const line = `${what} ${numbers(done, total, nowMs - startedMs)}${extra === '' ? '' : `, ${extra}`}`
      if (terminal.isInteractive) terminal.status(line)
      else terminal.note(line)
    },
    end: () => terminal.status(null),
  }
}

function numbers(done: number, total: number | null, elapsedMs: number): string {
  const amount = total === null ? count(done) : `${count(done)} of ${count(total)}`
  if (elapsedMs < MEASURED_MS || done === 0) return amount
  const perSecond = (done * 1000) / elapsedMs
  const rate = `${amount}, ${count(Math.round(perSecond))}/s`
  return total === null || total <= done ? rate : `${rate}, ${age(((total - done) / perSecond) * 1000)} left`
}
