import colors from 'picocolors'
import type { Side } from '../../mapping/mapping.ts'

/** How serious a line is. */
export type Tone = 'plain' | 'good' | 'attention' | 'bad' | 'quiet'

/** The terminal, in columns: when, where, who, which record, what. */
export interface Screen {
  /** A line of what happened just now. */
  row(where: string, who: string, key: string, text: string, tone?: Tone): void
  /** A line of its own, not about one record. */
  say(text?: string, tone?: Tone): void
}

const WHERE_WIDTH = 13
const WHO_WIDTH = 15
const KEY_WIDTH = 8

const PAINT: Readonly<Record<Tone, (text: string) => string>> = {
  plain: (text) => text,
  good: colors.green,
  attention: colors.yellow,
  bad: colors.red,
  quiet: colors.dim,
}

export function createScreen(write: (line: string) => void, now: () => Date = () => new Date()): Screen {
  return {
    row(where, who, key, text, tone = 'plain') {
      const time = colors.dim(now().toTimeString().slice(0, 8))
      const side = colors.cyan(where.padEnd(WHERE_WIDTH))
      const record = text === '' ? colors.bold(key) : `${colors.bold(key.padEnd(KEY_WIDTH))} ${PAINT[tone](text)}`
      write(`${time}  ${side}${who.padEnd(WHO_WIDTH)}${record}`)
    },
    say(text = '', tone = 'plain') {
      write(PAINT[tone](text))
    },
  }
}

/** What the demo calls the two sides. */
export const SIDE_NAMES: Readonly<Record<Side, string>> = { odoo: 'odoo', external: 'shop' }

export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}

/** "1.3 s", and "0.04 s" where one digit would show nothing. */
export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(ms > 0 && ms < 95 ? 2 : 1)} s`
}
