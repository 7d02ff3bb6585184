import Database from 'better-sqlite3'

const TABLES = `
create table companies (
  id integer primary key autoincrement,
  code text not null unique,
  name text not null,
  email text,
  phone text,
  website text,
  street text,
  zip text,
  city text,
  country text,
  credit_limit decimal(12, 2),
  note text,
  archived boolean not null default 0
);
create table contacts (
  id integer primary key autoincrement,
  code text not null unique,
  name text,
  email text,
  phone text,
  job text,
  company_id integer references companies (id),
  archived boolean not null default 0
);
`

export type ShopTable = 'companies' | 'contacts'
export type ShopValues = Readonly<Record<string, string | number | null>>

/** The shop's database as its own software uses it: plain SQL, no word of any sync. */
export interface Shop extends Disposable {
  readonly file: string
  /** The new row's id. */
  insert(table: ShopTable, values: ShopValues): number
  update(table: ShopTable, id: number, values: ShopValues): void
  remove(table: ShopTable, id: number): void
  /** The id of the row with that code. @throws Error when there is none. */
  idOf(table: ShopTable, code: string): number
  hasContacts(companyId: number): boolean
  /** Several statements in one transaction. */
  together(work: () => void): void
}

export function openShop(file: string): Shop {
  const database = new Database(file, { timeout: 5000 })
  database.pragma('journal_mode = WAL')
  database.pragma('foreign_keys = ON')
  database.exec(TABLES)
  return {
    file,
    insert(table, values) {
      const names = Object.keys(values)
      const holders = names.map(() => '?').join(', ')
      const insert = database.prepare(`insert into ${table} (${names.join(', ')}) values (${holders})`)
      return Number(insert.run(...Object.values(values)).lastInsertRowid)
    },
    update(table, id, values) {
      const set = Object.keys(values).map((name) => `${name} = ?`)
      database.prepare(`update ${table} set ${set.join(', ')} where id = ?`).run(...Object.values(values), id)
    },
    remove(table, id) {
      database.prepare(`delete from ${table} where id = ?`).run(id)
    },
    idOf(table, code) {
      const row = database.prepare<[string], { id: number }>(`select id from ${table} where code = ?`).get(code)
      if (!row) throw new Error(`The shop has no ${code} in ${table}.`)
      return row.id
    },
    hasContacts: (companyId) =>
      database.prepare('select 1 from contacts where company_id = ?').get(companyId) !== undefined,
    together: (work) => database.transaction(work)(),
    [Symbol.dispose]() {
      database.close()
    },
  }
}
