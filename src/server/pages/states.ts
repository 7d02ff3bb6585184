import type { ConnectionStatus } from '../../operations/connection-status.ts'
import type { MappingStatus } from '../../operations/status.ts'
import { count } from '../../words.ts'
import { type Html, html, NOTHING } from './html.ts'
import { type IconName, icon } from './icons.ts'

type Tone = 'good' | 'attention' | 'bad' | 'idle'

/** An icon, a word and a colour, which say the same. */
export function pill(tone: Tone, name: IconName, words: string): Html {
  return html`<span class="state ${tone}">${icon(name)}${words}</span>`
}

const MAPPING_STATES: Readonly<Record<MappingStatus['state'], readonly [Tone, IconName, string]>> = {
  new: ['idle', 'idle', 'not run yet'],
  running: ['good', 'good', 'running'],
  idle: ['idle', 'idle', 'idle'],
  paused: ['attention', 'paused', 'paused'],
  'back-off': ['bad', 'bad', 'failing'],
}

/** A pause of its own is worse than one that a person wanted. */
export function mappingState({ state, pausedBy, guards }: MappingStatus): Html {
  if (state === 'paused' && pausedBy === null)
    return pill('bad', 'attention', guards.length > 0 ? 'guarded' : 'stopped')
  const [tone, name, words] = MAPPING_STATES[state]
  if (state === 'running' && guards.length > 0) return pill('attention', 'attention', 'guarded')
  return pill(tone, name, words)
}

const CONNECTION_STATES: Readonly<Record<NonNullable<ConnectionStatus['state']>, readonly [Tone, IconName, string]>> = {
  closed: ['good', 'good', 'works'],
  open: ['bad', 'bad', 'does not answer'],
  'half-open': ['attention', 'waiting', 'tried again'],
  held: ['attention', 'waiting', 'asked for a pause'],
}

export function connectionState({ state, pausedBy }: ConnectionStatus): Html {
  if (pausedBy !== null) return pill('attention', 'paused', 'paused')
  return state === null ? pill('idle', 'idle', 'unknown') : pill(...CONNECTION_STATES[state])
}

/** A number that stands out unless it is 0, and leads to what it counts. */
export function counted(value: number, tone: 'bad' | 'attention' | null, href: string | null, words: string): Html {
  if (value === 0) return html`<span class="none">0</span>`
  const style = tone === null ? NOTHING : html` class="some-${tone}"`
  const text = count(value)
  if (href === null) return html`<span${style}>${text}</span>`
  return html`<a${style} href="${href}" aria-label="${text} ${words}">${text}</a>`
}
