import Database from 'better-sqlite3'

const TABLES = `
create table if not exists customers (
  id integer primary key autoincrement,
  code text unique,
  full_name text check (full_name <> 'poison'),
  email text,
  phone text,
  birth text,
  parent integer references customers (id) on delete set null,
  archived boolean not null default 0
);
-- Every write of anybody, so that a test sees also those that change nothing.
create table if not exists audit (seq integer primary key autoincrement, customer integer not null, kind text not null);
create trigger if not exists audit_insert after insert on customers begin insert into audit (customer, kind) values (new.id, 'insert'); end;
create trigger if not exists audit_update after update on customers begin insert into audit (customer, kind) values (new.id, 'update'); end;
create trigger if not exists audit_delete after delete on customers begin insert into audit (customer, kind) values (old.id, 'delete'); end;
`

export type ShopValues = Readonly<Record<string, string | number | null>>

export interface Customer {
  readonly id: number
  readonly code: string | null
  readonly full_name: string | null
  readonly email: string | null
  readonly phone: string | null
  readonly birth: string | null
  readonly parent: number | null
  readonly archived: 0 | 1
}

/** The shop's database as its own software uses it. */
export interface Shop {
  insert(values: ShopValues): number
  update(id: number, values: ShopValues): void
  remove(id: number): void
  customers(): readonly Customer[]
  /** How many rows anybody has inserted, updated or deleted so far. */
  writes(): number
  close(): void
}

export function openShop(file: string): Shop {
  const database = new Database(file, { timeout: 10_000 })
  database.pragma('journal_mode = WAL')
  database.pragma('synchronous = OFF')
  database.pragma('foreign_keys = ON')
  database.exec(TABLES)
  return {
    insert(values) {
      const names = Object.keys(values)
      const insert = `insert into customers (${names.join(', ')}) values (${names.map(() => '?').join(', ')})`
      return Number(database.prepare(insert).run(...Object.values(values)).lastInsertRowid)
    },
    update(id, values) {
      const set = Object.keys(values).map((name) => `${name} = ?`)
      database.prepare(`update customers set ${set.join(', ')} where id = ?`).run(...Object.values(values), id)
    },
    remove(id) {
      database.prepare('delete from customers where id = ?').run(id)
    },
    customers: () => database.prepare<[], Customer>('select * from customers order by id').all(),
    writes: () =>
      database.prepare<[], { seq: number }>('select coalesce(max(seq), 0) as seq from audit').get()?.seq ?? 0,
    close: () => void database.close(),
  }
}
