import { expect } from 'vitest'
import type { SyncError } from '../../contract/error.ts'
import { drain, idsOf } from './ask-feed.ts'
import { type Case, signal } from './bench.ts'
import { failureOf } from './judge-answers.ts'

export const CONNECTION_CASES = {
  'check of the connection finds no errors, and names the same database again': async ({ setup }) => {
    const report = await setup.connector.check(signal)
    expect(report.problems.filter((problem) => problem.severity === 'error')).toEqual([])
    if (report.clockOffsetMs !== null) expect(Number.isFinite(report.clockOffsetMs)).toBe(true)
    await using again = await setup.reconnect()
    const identity = (await again.check(signal)).identity
    expect(identity?.traits).toEqual(report.identity?.traits)
    for (const [name, mark] of Object.entries(report.identity?.marks ?? {})) {
      expect(identity?.marks[name], name).toBeGreaterThanOrEqual(mark)
    }
    const first = (await setup.connector.drawMarks?.(signal)) ?? {}
    const second = (await again.drawMarks?.(signal)) ?? {}
    for (const [name, mark] of Object.entries(first)) expect(second[name], name).toBeGreaterThan(mark)
  },
  'describe gives every field with its type': async ({ setup, collection, fields }) => {
    const schema = await collection.describe(signal)
    expect(schema.name).not.toBe('')
    for (const name of setup.request.fields) expect(schema.fields.get(name)?.name, name).toBe(name)
    for (const [role, name] of Object.entries(fields)) {
      if (role !== 'key') expect(schema.fields.get(name)?.type, name).toBe(role)
      expect(schema.fields.get(name)?.isReadOnly, name).toBe(false)
    }
    expect(await collection.describe(signal)).toEqual(schema)
  },
  'check of a collection that we may use finds no errors': async ({ collection }) => {
    const needs = { create: true, update: true, remove: true }
    const problems = await collection.check(needs, signal)
    expect(problems.filter((problem) => problem.severity === 'error')).toEqual([])
  },
  'a missing collection is named, by check and by every call': async (bench) => {
    const missing = bench.open({ spec: bench.setup.missing.spec })
    const { name } = bench.setup.missing
    const described = await failureOf(() => missing.describe(signal))
    expect(described.code).toBe('schema')
    expect(described.message).toContain(name)
    const needs = { create: true, update: true, remove: true }
    const told = await missing.check(needs, signal).then(
      (problems) => problems.filter(({ severity }) => severity === 'error').map(({ message }) => message),
      (error: unknown) => [(error as SyncError).message],
    )
    expect(told.join()).toContain(name)
    expect((await failureOf(() => missing.sink?.read(['1'], signal) ?? described)).code).toBe('schema')
  },
  'a missing field stops reading with `schema`, and is named': async (bench) => {
    const id = await bench.person.insert(bench.draft(1))
    const open = bench.open({ fields: [...bench.setup.request.fields, 'no_such_field'] })
    const failure = await failureOf(() => open.sink?.read([id], signal) ?? bench.skip('no sink'))
    expect(failure.code).toBe('schema')
    expect(failure.message).toContain('no_such_field')
  },
  'a spec that makes no sense is refused with `config`': async (bench) => {
    expect((await failureOf(() => bench.open({ spec: 42 }))).code).toBe('config')
  },
  'prepare may be repeated, and what existed before it is read': async (bench) => {
    const ids = await bench.insertMany(2)
    const late = bench.open({ consumer: 'late' })
    await late.prepare?.(signal)
    await late.prepare?.(signal)
    if (late.feed === null) return bench.skip('no feed')
    expect(idsOf((await drain(late.feed, null)).changes).sort()).toEqual([...ids].sort())
  },
} satisfies Record<string, Case>
