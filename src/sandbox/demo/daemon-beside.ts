import type { Setup } from '../../app.ts'
import { runDaemon } from '../../daemon.ts'
import type { Narrator } from './narrator.ts'
import type { Screen } from './screen.ts'

/** The daemon, running in this process. Disposing stops it as a signal would. */
export interface DaemonBeside extends AsyncDisposable {
  /** Resolves when every mapping runs. */
  readonly ready: Promise<void>
  /** Says why when it ended by itself; pending otherwise. */
  readonly ended: Promise<Error>
}

export function startDaemon(setup: Setup, narrator: Narrator, screen: Screen): DaemonBeside {
  const stopping = new AbortController()
  const starting = new Set(setup.files.map(({ name }) => name))
  const ready = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<Error>()
  const running = runDaemon({
    setup,
    emit: narrator.event,
    signal: stopping.signal,
    onListening: (url) => screen.say(`   page     ${url}`, 'good'),
    log(level, message, mapping) {
      if (level !== 'info') screen.row('tandem', level, mapping ?? '', message, 'bad')
      if (message === 'running' && mapping !== null) starting.delete(mapping)
      if (starting.size === 0) ready.resolve()
    },
  }).catch((error: unknown) => {
    ended.resolve(error instanceof Error ? error : new Error(String(error)))
  })
  return {
    ready: ready.promise,
    ended: ended.promise,
    async [Symbol.asyncDispose]() {
      stopping.abort()
      await running
    },
  }
}
