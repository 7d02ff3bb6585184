import type { App } from '../app.ts'
import { ConfigError } from '../config/config-error.ts'
import { asSyncError, SyncError } from '../contract/error.ts'
import { backoffMs } from '../engine/backoff.ts'
import { confirmHint } from '../engine/guard.ts'
import { noticeMappingChange } from '../engine/mapping-change.ts'
import { type FoundPause, personPauseOf } from '../engine/person-pause.ts'
import { createRunner, type Runner } from '../engine/runner.ts'
import { SIDES } from '../mapping/mapping.ts'
import type { MappingFile } from '../mapping/mapping-file.ts'
import { formatProblem } from '../mapping/problem.ts'
import type { DaemonLog } from './daemon-log.ts'
import { describeFailure } from './describe-failure.ts'

const RESUME_LOOK_MS = 1000
const CONNECT_BACKOFF_MAX_MS = 60_000
/** What the configuration or a schema forbids is tried again so seldom: a person has to change something. */
const FORBIDDEN_RETRY_MS = 10 * 60_000
/** Pauses that a restart lifts: what caused them is looked at again at the start. */
const LIFTED_AT_START = ['unauthorized', 'forbidden', 'schema', 'config', 'ledger', 'identity']

export interface StartOptions {
  readonly log: DaemonLog
  readonly signal: AbortSignal
  readonly onLedgerFailure: (error: SyncError) => void
}

export interface Start {
  /** Why the mapping does not run yet; null: it runs. */
  readonly failure: unknown
  /** Goes on until the mapping runs or the daemon ends. */
  readonly keepTrying: () => Promise<void>
}

/** Connects a mapping and starts its schedule. One that cannot run yet never keeps the others from running. */
export async function startMapping(
  app: App,
  file: MappingFile,
  runners: Map<string, Runner>,
  options: StartOptions,
): Promise<Start> {
  const { signal, log } = options
  const attempt = async (): Promise<unknown> => {
    try {
      const paused = await connectionsPause(app, file)
      if (paused) throw paused.error
      const { context, warnings } = await app.connect(file, signal)
      for (const warning of warnings) log('warn', formatProblem(warning), file.name)
      await liftPause(app, file.name)
      const noticed = await noticeMappingChange(context, file.definition, signal)
      if (noticed)
        log('warn', noticed.isHeld ? `${noticed.message} ${confirmHint(file.name)}` : noticed.message, file.name)
      const runner = createRunner(context, options.onLedgerFailure)
      runners.set(file.name, runner)
      runner.start()
      log('info', 'running', file.name)
      return null
    } catch (error) {
      const isPaused = error instanceof SyncError && error.code === 'paused'
      if (!signal.aborted && !isPaused) {
        log('error', describeFailure(error), file.name)
        await recordStartFailure(app, file.name, error)
      }
      return error
    }
  }
  const failure = await attempt()
  const keepTrying = async (): Promise<void> => {
    let last = failure
    for (let failures = 0; last !== null && !signal.aborted; failures++) {
      if (last instanceof SyncError && last.code === 'paused') {
        log('warn', describeFailure(last), file.name)
        await untilResumed(app, file, signal)
        failures = 0
      } else {
        const pauseMs =
          last instanceof ConfigError
            ? FORBIDDEN_RETRY_MS
            : backoffMs(failures, 1000, CONNECT_BACKOFF_MAX_MS, Math.random)
        await app.clock.sleep(pauseMs, signal).catch(() => {})
      }
      if (!signal.aborted) last = await attempt()
    }
  }
  return { failure, keepTrying }
}

/** That a person paused a connection of a mapping: its system is not even asked what it is. */
function connectionsPause(app: App, { definition }: MappingFile): Promise<FoundPause | null> {
  return personPauseOf(
    app.ledger,
    '',
    SIDES.map((side) => definition[side].connection),
  )
}

async function untilResumed(app: App, file: MappingFile, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && (await connectionsPause(app, file))) {
    await app.clock.sleep(RESUME_LOOK_MS, signal).catch(() => {})
  }
}

/** Lets `status` tell why a mapping that was run before does not run now. */
async function recordStartFailure(app: App, mapping: string, failure: unknown): Promise<void> {
  if (!(await app.ledger.mappings()).includes(mapping)) return
  const { code, disposition, hint } = asSyncError(failure)
  const { failures } = await app.ledger.state(mapping)
  const message = failure instanceof ConfigError ? failure.message : asSyncError(failure).message
  const isConfig = failure instanceof ConfigError
  const sinceMs = app.clock.nowMs()
  if (isConfig) await app.ledger.updateState(mapping, { pause: { code: 'config', message, hint: null, sinceMs } })
  else if (disposition === 'halt') await app.ledger.updateState(mapping, { pause: { code, message, hint, sinceMs } })
  else await app.ledger.updateState(mapping, { failures: failures + 1 })
}

/** Lets a mapping run again whose pause had a cause that was just looked at. */
export async function liftPause(app: App, mapping: string): Promise<void> {
  const { pause } = await app.ledger.state(mapping)
  const isLifted = pause !== null && LIFTED_AT_START.includes(pause.code)
  await app.ledger.updateState(mapping, { notBeforeMs: 0, ...(isLifted ? { pause: null } : {}) })
}
