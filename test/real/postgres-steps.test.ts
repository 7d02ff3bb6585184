/** What a step can call in PostgreSQL. */
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createPostgresConnector } from '../../src/connectors/postgres/index.ts'
import type { Caller } from '../../src/contract/caller.ts'
import type { Connector } from '../../src/contract/connector.ts'
import type { Value } from '../../src/contract/value.ts'
import { realEnvironment } from './environment.ts'

const { postgresUrl } = realEnvironment()
const signal = new AbortController().signal
const schema = `steps_${Date.now().toString(36)}`

let connector: Connector
let caller: Caller
const client = new pg.Client({ connectionString: postgresUrl })

beforeAll(async () => {
  await client.connect()
  await client.query(`
    CREATE SCHEMA ${schema};
    SET search_path = ${schema};
    CREATE TABLE orders (id bigint PRIMARY KEY, booked numeric, note text, tags text[]);
    INSERT INTO orders (id) VALUES (1), (2);
    CREATE FUNCTION book(which bigint, amount numeric, tags text[]) RETURNS numeric LANGUAGE sql AS
      $$ UPDATE ${schema}.orders SET booked = amount, tags = book.tags WHERE id = which RETURNING booked $$;
    CREATE FUNCTION refuse() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not with me'; END $$;
    CREATE PROCEDURE note(which bigint, words jsonb) LANGUAGE sql AS
      $$ UPDATE ${schema}.orders SET note = words->>'text' WHERE id = which $$;
  `)
  connector = createPostgresConnector({ type: 'postgres', url: postgresUrl }, 'shop')
  const collection = connector.collection({ spec: `${schema}.orders`, fields: ['id'], consumer: 'test' })
  if (!collection.caller) throw new Error('nothing can be called')
  caller = collection.caller
})
afterAll(async () => {
  await connector[Symbol.asyncDispose]()
  await client.query(`DROP SCHEMA ${schema} CASCADE`)
  await client.end()
})

const row = async (id: number) => (await client.query('SELECT * FROM orders WHERE id = $1', [id])).rows[0]
const call = (how: Value, id = '1') => caller.call(id, how, signal)

describe('a step of PostgreSQL', () => {
  it('calls a function with values of every kind, and answers what it gives', async () => {
    expect(await call({ function: `${schema}.book`, args: [1, '12.50', ['a', 'b']] })).toBe(12.5)
    expect(await row(1)).toMatchObject({ booked: '12.50', tags: ['a', 'b'] })
    await call({ function: `${schema}.book`, args: [1, null, null] })
    expect(await row(1)).toMatchObject({ booked: null, tags: null })
  })

  it('calls a procedure', async () => {
    await call({ procedure: `${schema}.note`, args: [2, { text: 'words' }] })
    expect(await row(2)).toMatchObject({ note: 'words' })
  })

  it("sets columns of the record's own row", async () => {
    expect(await call({ set: { note: 'set', booked: '7' } })).toBe(true)
    expect(await row(1)).toMatchObject({ note: 'set', booked: '7' })
    await expect(call({ set: { note: 'x' } }, '9')).rejects.toMatchObject({ code: 'invalid' })
  })

  it('tells a failure of the function as its own, done by nobody', async () => {
    await expect(call({ function: `${schema}.refuse` })).rejects.toMatchObject({
      disposition: 'park',
      inDoubt: false,
      message: expect.stringContaining('not with me'),
    })
  })

  it('is checked before any record is there', async () => {
    const check = (how: Value) => caller.check(how, [], signal)
    expect(await check({ function: `${schema}.book`, args: ['=odoo.id', 1, null] })).toEqual([])
    expect(await check({ procedure: `${schema}.note`, args: [1, {}] })).toEqual([])
    expect(await check({ set: { note: '=odoo.name' } })).toEqual([])
    expect(await check({ function: `${schema}.bok` })).toEqual([expect.stringContaining(`no function ${schema}.bok`)])
    expect(await check({ function: `${schema}.note`, args: [1, 2] })).toEqual([expect.stringContaining('no function')])
    expect(await check({ set: { nota: 1 } })).toEqual([expect.stringContaining('nota')])
    expect(await check({ method: 'x' })).toEqual([expect.stringContaining('{ function, args }')])
    expect(await caller.check(null, [{ path: 'lines', fields: [] }], signal)).toEqual([
      expect.stringContaining('lines'),
    ])
  })
})
