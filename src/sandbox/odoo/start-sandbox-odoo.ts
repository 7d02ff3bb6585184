import type { AddressInfo } from 'node:net'
import {
  begin,
  commit,
  createDatabase,
  type Database,
  install,
  RowLocked,
  rollback,
  type Transaction,
  tableOf,
} from './database.ts'
import type { Environment } from './environment.ts'
import { createFaults, type Faults } from './faults.ts'
import { createEndpoint } from './http.ts'
import { openJournal } from './journal.ts'
import { type Arguments, callMethod, create, unlink, write } from './methods.ts'
import { MODELS } from './models.ts'
import { type JsonRecord, read } from './read.ts'
import { createRequestLog, type RequestLog } from './request-log.ts'
import type { Row, SandboxUser } from './schema.ts'
import { type SearchOptions, search } from './search.ts'
import { ADMIN_UID, BOT_UID, seed } from './seed.ts'
import { setSilently, type Values } from './write.ts'

export interface SandboxOptions {
  /** 0, the default, takes a free port. */
  readonly port?: number
  /** An SQLite file that keeps the data over a restart; without it they end with the process. */
  readonly file?: string
  readonly database?: string
  readonly apiKey?: string
  readonly adminApiKey?: string
  /** Both users' password, for a web session and in place of a key. */
  readonly password?: string
  /** The clock that stamps `write_date`, in microseconds since 1970. Must not go back. */
  readonly nowUs?: () => number
}

export type SandboxPerson = 'bot' | 'admin'

/** The methods of a model without HTTP, each in a transaction of its own unless a held one is given. */
export interface Actor {
  create(model: string, valuesList: readonly Values[]): number[]
  write(model: string, ids: readonly number[], values: Values): void
  unlink(model: string, ids: readonly number[]): void
  search(model: string, domain: unknown, options?: SearchOptions): number[]
  read(model: string, ids: readonly number[], fields?: readonly string[]): JsonRecord[]
}

/** A transaction that stays open: nobody else sees its rows before `commit`, and then with the time of its start. */
export interface HeldTransaction extends Actor {
  readonly startedUs: number
  commit(): void
  rollback(): void
}

export interface SandboxOdoo {
  readonly url: string
  readonly database: string
  readonly apiKey: string
  readonly adminApiKey: string
  readonly login: string
  readonly adminLogin: string
  readonly password: string
  readonly faults: Faults
  readonly requests: RequestLog
  /** Ends every web session, as a restart of Odoo without its files does. */
  endSessions(): void
  as(person: SandboxPerson): Actor
  begin(person?: SandboxPerson): HeldTransaction
  /** Changes a row as SQL does: no check, no `write_date`. A many2many takes ids. */
  setSilently(model: string, id: number, values: Values): void
  /** Everything under way is cut off. */
  close(): Promise<void>
}

export async function startSandboxOdoo(options: SandboxOptions = {}): Promise<SandboxOdoo> {
  const database = openDatabase(options)
  const apiKey = options.apiKey ?? 'sandbox-bot-key'
  const adminApiKey = options.adminApiKey ?? 'sandbox-admin-key'
  const password = options.password ?? 'sandbox-password'
  const bot: SandboxUser = { uid: BOT_UID, login: 'tandem', password, apiKey, isSystem: false }
  const admin: SandboxUser = { uid: ADMIN_UID, login: 'admin', password, apiKey: adminApiKey, isSystem: true }
  const userFor = (person: SandboxPerson): SandboxUser => (person === 'admin' ? admin : bot)
  const sessions = new Map<string, SandboxUser>()
  const faults = createFaults()
  const requests = createRequestLog()
  const name = options.database ?? 'sandbox'
  const server = createEndpoint({
    database: name,
    users: [bot, admin],
    sessions,
    faults,
    requests,
    call: (user, model, method, body) => callInTransaction(database, user, model, method, body),
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, '127.0.0.1', resolve)
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    database: name,
    apiKey,
    adminApiKey,
    login: bot.login,
    adminLogin: admin.login,
    password,
    endSessions: () => sessions.clear(),
    faults,
    requests,
    as: (person) => actor((work) => inTransaction(database, userFor(person), {}, work)),
    begin: (person = 'bot') => holdTransaction(database, userFor(person)),
    setSilently: (model, id, values) => {
      inTransaction(database, admin, {}, (env) => {
        setSilently(env, model, id, values)
      })
    },
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      database.journal?.close()
    },
  }
}

function openDatabase({ file, nowUs }: SandboxOptions): Database {
  const database = createDatabase(Object.keys(MODELS), nowUs ?? steadyClock())
  if (file === undefined) {
    seed(database)
    return database
  }
  const { journal, isNew } = openJournal(file, (model, id, row) => {
    if (database.tables.has(model)) loadRow(database, model, id, row)
  })
  database.journal = journal
  if (isNew) seed(database)
  return database
}

function loadRow(database: Database, model: string, id: number, row: Row | null): void {
  const table = tableOf(database, model)
  table.nextId = Math.max(table.nextId, id + 1)
  install(table, id, row)
}

/** The system's clock with microseconds. Two transactions never start in the same one. */
function steadyClock(): () => number {
  let lastUs = 0
  return () => {
    const us = Math.floor((performance.timeOrigin + performance.now()) * 1000)
    lastUs = Math.max(us, lastUs + 1)
    return lastUs
  }
}

type Work<T> = (env: Environment) => T

function inTransaction<T>(database: Database, user: SandboxUser, context: Environment['context'], work: Work<T>): T {
  const transaction = begin(database)
  try {
    const result = work({ transaction, models: MODELS, user, context })
    commit(transaction)
    return result
  } catch (cause) {
    rollback(transaction)
    throw cause
  }
}

/** A remote call; where another transaction holds a row, it waits for its end and starts afresh, as Odoo does. */
async function callInTransaction(
  database: Database,
  user: SandboxUser,
  model: string,
  method: string,
  body: Arguments,
): Promise<unknown> {
  const context = (body.context ?? {}) as Environment['context']
  for (;;) {
    try {
      return inTransaction(database, user, context, (env) => callMethod(env, model, method, body))
    } catch (cause) {
      if (!(cause instanceof RowLocked)) throw cause
      await cause.holder.ended
    }
  }
}

function actor(run: <T>(work: Work<T>) => T): Actor {
  return {
    create: (model, valuesList) => run((env) => create(env, model, valuesList)),
    write: (model, ids, values) => {
      run((env) => {
        write(env, model, ids, values)
      })
    },
    unlink: (model, ids) => {
      run((env) => {
        unlink(env, model, ids)
      })
    },
    search: (model, domain, options) => run((env) => search(env, model, domain, options)),
    read: (model, ids, fields) => run((env) => read(env, model, ids, fields)),
  }
}

function holdTransaction(database: Database, user: SandboxUser): HeldTransaction {
  const transaction: Transaction = begin(database)
  return {
    ...actor((work) => work({ transaction, models: MODELS, user, context: {} })),
    startedUs: transaction.startedUs,
    commit: () => {
      commit(transaction)
    },
    rollback: () => {
      rollback(transaction)
    },
  }
}
