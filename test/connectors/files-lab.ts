import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createFilesConnector } from '../../src/connectors/files/index.ts'
import type { Change, RecordState } from '../../src/contract/change.ts'
import type { Collection, Connector } from '../../src/contract/connector.ts'
import type { Feed } from '../../src/contract/feed.ts'
import type { Operation, Outcome, Sink } from '../../src/contract/sink.ts'

const signal = new AbortController().signal

/** A folder, a files connector on it, and a reader that goes on from page to page. */
export interface FilesLab extends Disposable {
  readonly folder: string
  readonly connector: Connector
  readonly collection: Collection
  readonly feed: Feed
  readonly sink: Sink
  /** Puts a file there; its time is `ageMs` ago. */
  put(path: string, content: string | Buffer, ageMs?: number): void
  text(path: string): string
  names(path?: string): string[]
  /** Everything that the feed tells from the last cursor on, in order. */
  read(limit?: number): Promise<Told>
  /** The records that there are, by id, as `read` gives their fields. */
  records(): Promise<Record<string, RecordState['fields']>>
  apply(...operations: Operation[]): Promise<readonly Outcome[]>
  /** The same folder and store in a new process, as far as the connector can tell. */
  restart(): FilesLab
  cursor: string | null
}

export interface Told {
  readonly states: readonly string[]
  readonly gone: readonly string[]
  /** Messages by place. */
  readonly broken: Readonly<Record<string, string>>
}

export function filesLab(
  collection: object,
  fields: readonly string[],
  in_ = mkdtempSync(join(tmpdir(), 'tandem-files-')),
): FilesLab {
  for (const name of ['in', 'out']) mkdirSync(join(in_, name), { recursive: true })
  const settings = { folder: in_, store: join(in_, 'store.db'), collections: { items: collection } }
  const connector = createFilesConnector(settings, 'drop')
  const opened = connector.collection({ spec: 'items', fields, key: 'code', consumer: 'test' })
  const feed = opened.feed ?? unusable
  const sink = opened.sink ?? unusableSink()
  const lab: FilesLab = {
    folder: in_,
    connector,
    collection: opened,
    feed,
    sink,
    cursor: null,
    put(path, content, ageMs = 0) {
      const full = join(in_, path)
      mkdirSync(dirname(full), { recursive: true })
      writeFileSync(full, content)
      const at = new Date(Date.now() - ageMs)
      utimesSync(full, at, at)
    },
    text: (path) => readFileSync(join(in_, path), 'utf8'),
    names: (path = '.') => (existsSync(join(in_, path)) ? readdirSync(join(in_, path)).sort() : []),
    async read(limit = 100) {
      const changes: Change[] = []
      for (;;) {
        const page = await feed.read({ cursor: lab.cursor, limit, depth: 'tail', nowMs: 0 }, signal)
        changes.push(...page.changes)
        lab.cursor = page.cursor
        if (page.caughtUp) return toldBy(changes)
      }
    },
    async records() {
      const listing = await feed.list?.(null, 100_000, signal)
      const read = await sink.read(listing?.entries.map(({ id }) => id) ?? [], signal)
      return Object.fromEntries([...read].map(([id, state]) => [id, state.fields]))
    },
    apply: (...operations) => sink.apply(operations, signal),
    restart() {
      const next = filesLab(collection, fields, in_)
      next.cursor = lab.cursor
      return next
    },
    [Symbol.dispose]() {
      void connector[Symbol.asyncDispose]()
      rmSync(in_, { recursive: true, force: true })
    },
  }
  return lab
}

function toldBy(changes: readonly Change[]): Told {
  const broken: Record<string, string> = {}
  for (const change of changes)
    if (change.kind === 'broken') broken[change.id.replace(/@[^:]*/, '')] = change.error.message
  return {
    states: changes.flatMap((change) => (change.kind === 'state' ? [change.state.id] : [])),
    gone: changes.flatMap((change) => (change.kind === 'gone' ? [change.id] : [])),
    broken,
  }
}

const unusable: Feed = { read: () => Promise.reject(new Error('There is no feed.')) }

function unusableSink(): Sink {
  throw new Error('There is no sink.')
}
