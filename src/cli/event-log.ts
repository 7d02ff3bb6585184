import type { SyncEvent } from '../engine/context.ts'
import type { Logger } from '../log.ts'
import { count } from '../words.ts'

/** How long writes are collected before they are told as one. */
const WINDOW_MS = 1000
/** So many writes in a window are told one by one. */
const FEW = 5

const WRITES = ['created', 'updated', 'archived', 'removed', 'adopted'] as const
type WriteKind = (typeof WRITES)[number]

const LEVEL: Readonly<Record<Exclude<SyncEvent['kind'], WriteKind>, 'debug' | 'info' | 'warn' | 'error'>> = {
  merged: 'info',
  conflict: 'warn',
  lost: 'warn',
  dead: 'error',
  retry: 'warn',
  waiting: 'debug',
  guard: 'warn',
  'lost-memory': 'warn',
  paused: 'error',
  resumed: 'info',
  step: 'info',
  run: 'warn',
}

/** Takes what the engine has to tell into the log. */
export interface EventLog {
  readonly emit: (event: SyncEvent) => void
  /** Tells what is still collected. */
  close(): void
}

/**
 * Each thing that needs attention is a line. Writes are a line each while there are few; a crowd of them is counted, so
 * that a first sync of 100,000 records does not write 100,000 lines (at `debug` it does).
 */
export function createEventLog(log: Logger): EventLog {
  let collected: SyncEvent[] = []
  let timer: NodeJS.Timeout | null = null

  const flush = (): void => {
    if (timer !== null) clearTimeout(timer)
    timer = null
    const events = collected
    collected = []
    if (events.length <= FEW) for (const event of events) log.info(namesOf(event), describeWrite(event))
    else tellSums(log, events)
  }
  return {
    emit(event) {
      const level = isWrite(event) ? 'debug' : LEVEL[event.kind as keyof typeof LEVEL]
      if (!isWrite(event)) log[level]({ ...namesOf(event), event: event.kind }, messageOf(event))
      else if (log.isLevelEnabled('debug')) log.debug({ ...namesOf(event), event: event.kind }, describeWrite(event))
      else if (log.isLevelEnabled('info')) {
        collected.push(event)
        timer ??= setTimeout(flush, WINDOW_MS)
      }
    },
    close: flush,
  }
}

function isWrite(event: SyncEvent): boolean {
  return WRITES.some((kind) => kind === event.kind)
}

function tellSums(log: Logger, events: readonly SyncEvent[]): void {
  for (const [mapping, ofMapping] of Map.groupBy(events, (event) => event.mapping)) {
    const sums = Map.groupBy(ofMapping, ({ kind, side }) => (kind === 'adopted' ? kind : `${kind} in ${side}`))
    const message = [...sums].map(([what, { length }]) => `${count(length)} ${what}`).join(', ')
    log.info({ mapping }, message)
  }
}

/** What names a record, where it is known. */
function namesOf({ mapping, side, odooId, externalId, key }: SyncEvent): Record<string, string> {
  const names = { mapping, side, odooId, externalId, key }
  return Object.fromEntries(Object.entries(names).filter((entry): entry is [string, string] => entry[1] !== null))
}

function describeWrite({ kind, side, odooId, externalId, key, fields }: SyncEvent): string {
  const id = side === 'odoo' ? odooId : externalId
  const name = key === null ? '' : ` (${key})`
  if (kind === 'adopted') return `joined odoo ${odooId} with external ${externalId}${name}`
  const names = kind === 'updated' && fields ? `: ${Object.keys(fields).join(', ')}` : ''
  return `${kind} ${side} ${id ?? ''}${name}${names}`
}

function messageOf(event: SyncEvent): string {
  const { side, odooId, externalId, key, message } = event
  const id = side === 'odoo' ? odooId : externalId
  const record = id === null ? (key ?? '') : `${side} ${id}${key === null ? '' : ` (${key})`}`
  return [record, message ?? event.kind].filter((part) => part !== '').join(': ')
}
