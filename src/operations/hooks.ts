import { openApp, type Setup } from '../app.ts'
import { SyncError } from '../contract/error.ts'
import type { HookPart, Hooks } from '../contract/hooks.ts'
import type { Side } from '../mapping/mapping.ts'
import { mappingNamed } from './site.ts'

/** What can be done about what a system has, to tell of changes and to take them. */
export type HooksAction = Exclude<keyof Hooks, 'parse'>

/**
 * Lists, makes, removes or renews what a side of a mapping keeps in its system. May be repeated.
 * @throws SyncError `config` where the system has nothing of this kind, and as `Hooks` says.
 */
export async function performHooks(
  setup: Setup,
  action: HooksAction,
  { mapping, side }: { readonly mapping: string; readonly side: Side },
  signal: AbortSignal,
): Promise<readonly HookPart[]> {
  const file = mappingNamed(setup, mapping)
  await using app = await openApp(setup, { emit: () => {}, readOnly: true })
  const { hooks } = app.collection(file, side)
  const act = hooks?.[action]
  if (hooks && act) return await act.call(hooks, signal)
  const whose = `${file.definition[side].connection} (${side} of ${mapping})`
  throw new SyncError('config', `The system of ${whose} has nothing of this kind.`)
}

/** Whether all is there as it should be. */
export function isInstalled(parts: readonly HookPart[]): boolean {
  return parts.every(({ state }) => state !== 'missing' && state !== 'outdated')
}
