import { raw } from 'hono/html'
import type { Html } from './html.ts'

/** Drawn on a field of 16 by 16, in the colour of the text. They stand beside words and are silent. */
const PATHS = {
  good: '<circle cx="8" cy="8" r="6.5"/><path d="m5 8.2 2.1 2.1L11 6"/>',
  attention: '<path d="M8 2 1.5 13.5h13z"/><path d="M8 6.5v3.2M8 11.8v.1"/>',
  bad: '<circle cx="8" cy="8" r="6.5"/><path d="m5.8 5.8 4.4 4.4m0-4.4-4.4 4.4"/>',
  paused: '<circle cx="8" cy="8" r="6.5"/><path d="M6.4 5.6v4.8M9.6 5.6v4.8"/>',
  waiting: '<circle cx="8" cy="8" r="6.5"/><path d="M8 4.6V8l2.3 1.6"/>',
  idle: '<circle cx="8" cy="8" r="6.5"/><path d="M5 8h6"/>',
  both: '<path d="M2 5.5h11m0 0L10.2 2.7M13 5.5l-2.8 2.8M14 10.5H3m0 0 2.8-2.8M3 10.5l2.8 2.8"/>',
  right: '<path d="M2.5 8h11m0 0L9.6 4.1M13.5 8l-3.9 3.9"/>',
  left: '<path d="M13.5 8h-11m0 0 3.9-3.9M2.5 8l3.9 3.9"/>',
  conflict: '<path d="m2.5 3.5 4.6 4.5-4.6 4.5M13.5 3.5 8.9 8l4.6 4.5"/>',
  dead: '<path d="M2 4h12v9H2z"/><path d="m2 4.5 6 4.5 6-4.5"/>',
  search: '<circle cx="7" cy="7" r="4.5"/><path d="m10.4 10.4 3.6 3.6"/>',
  play: '<path d="M5 3.2v9.6l7.6-4.8z"/>',
  key: '<circle cx="5.2" cy="10.8" r="3"/><path d="m7.4 8.6 6-6M11 5l2 2"/>',
} as const

export type IconName = keyof typeof PATHS

export function icon(name: IconName): Html {
  const shape = PATHS[name]
  return raw(`<svg class="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">${shape}</svg>`)
}
