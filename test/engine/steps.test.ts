import { describe, expect, it } from 'vitest'
import { SyncError } from '../../src/contract/error.ts'
import { planSync } from '../../src/engine/dry-run.ts'
import { type Difference, verify } from '../../src/engine/verify.ts'
import { CONFIRM_STEP, CUSTOMERS, customers, PARTNERS } from './customers.ts'
import { createWorld, Killed, type World } from './world.ts'

async function inWorld(more: string, test: (world: World) => Promise<void>): Promise<void> {
  const world = await createWorld({
    odoo: {
      partners: {
        ...PARTNERS,
        methods: {
          ...PARTNERS.methods,
          refuse: () => {
            throw new SyncError('invalid', 'Not with me.')
          },
          rename: (_, args) => ({ fields: { name: String(args) } }),
          nothing: () => ({ value: 'done' }),
        },
      },
    },
    external: { customers: CUSTOMERS },
    mappings: { customers: customers(more) },
  })
  try {
    await test(world)
  } finally {
    await world.close()
  }
}

const confirmed = (world: World) => world.stores.odoo.get('partners', '1')?.confirmed
const insert = (world: World, phone: string | null = '2') =>
  world.stores.external.insert('customers', { code: 'A', full_name: 'Ann', phone })
const steps = (text: string) => `steps:\n${text}`

async function planned(world: World): Promise<readonly unknown[]> {
  const found: unknown[] = []
  for await (const { action, side, message, after } of planSync(await world.context(), AbortSignal.timeout(60_000))) {
    found.push({ action, side, message, after })
  }
  return found
}

describe('a dry run', () => {
  it('tells of the steps that it would call, with what it would write before, and calls nothing', () =>
    inWorld(CONFIRM_STEP, async (world) => {
      const id = insert(world, '1')
      await world.settle()
      expect(await planned(world)).toEqual([])
      world.stores.external.edit('customers', id, { phone: '2' })
      const step = { action: 'step', side: 'odoo', message: 'confirm', after: { method: 'confirm' } }
      expect(await planned(world)).toMatchObject([{ action: 'update', after: { phone: '2' } }, step])
      expect(confirmed(world)).toBeNull()
      await world.settle()
      expect(confirmed(world)).toBe(1)
      expect(await planned(world)).toEqual([])
    }))

  it('sees the field that is written before the condition of a step, and one that is not mapped', () =>
    inWorld(
      CONFIRM_STEP.replace("external.phone == '2'", "odoo.phone == '2' || external.label == 'x'"),
      async (world) => {
        const id = insert(world, '1')
        await world.settle()
        world.stores.external.edit('customers', id, { phone: '2' })
        expect(await planned(world)).toMatchObject([{ action: 'update' }, { action: 'step', message: 'confirm' }])
        world.stores.external.edit('customers', id, { phone: '1', label: 'x' })
        expect(await planned(world)).toMatchObject([{ action: 'step', message: 'confirm' }])
      },
    ))

  it('tells of a repeatable step once for a set of values, and that a condition cannot be calculated', () => {
    const repeatable = `  - { name: note, when: "external.phone == '2'", repeatable: true, call: { method: nothing, args: "=external.email" } }
  - { name: broken, when: "int(external.label) > 1", unless: "false", call: { method: nothing } }`
    return inWorld(steps(repeatable), async (world) => {
      const id = insert(world)
      world.stores.external.edit('customers', id, { label: '0' })
      await world.settle()
      expect(await planned(world)).toEqual([])
      world.stores.external.edit('customers', id, { label: 'many' })
      expect(await planned(world)).toMatchObject([
        { action: 'error', message: expect.stringMatching(/^step broken: /) },
      ])
    })
  })
})

describe('what a mapping does not bring over', () => {
  it('is neither planned, nor a difference', () =>
    inWorld(`when: { from_external: "external.phone == '2'" }`, async (world) => {
      insert(world, '1')
      expect(await planned(world)).toEqual([])
      await world.settle()
      expect(world.stores.odoo.get('partners', '1')).toBeNull()
      const found: Difference[] = []
      for await (const each of verify(await world.context(), () => {}, AbortSignal.timeout(60_000))) found.push(each)
      expect(found).toEqual([])
    }))
})

describe('a step', () => {
  it('is called when its condition comes true, once', () =>
    inWorld(CONFIRM_STEP, async (world) => {
      const id = insert(world, '1')
      await world.settle()
      expect(confirmed(world)).toBeNull()
      world.stores.external.edit('customers', id, { phone: '2' })
      await world.settle()
      expect(confirmed(world)).toBe(1)
      world.stores.external.edit('customers', id, { phone: '3' })
      await world.settle()
      world.stores.external.edit('customers', id, { phone: '2' })
      await world.settle()
      expect(confirmed(world)).toBe(1)
      const history = await world.ledger.history('customers', { key: 'A', limit: 100 })
      expect(history.filter(({ event }) => event === 'step')).toMatchObject([{ detail: { step: 'confirm' } }])
    }))

  it('also when the condition is of a field that is not mapped', () =>
    inWorld(CONFIRM_STEP.replace("external.phone == '2'", "external.label == 'paid'"), async (world) => {
      const id = insert(world)
      await world.settle()
      expect(confirmed(world)).toBeNull()
      world.stores.external.edit('customers', id, { label: 'paid' })
      await world.settle()
      expect(confirmed(world)).toBe(1)
    }))

  it('changes fields as anybody would, and its arguments are calculated', () => {
    const rename = `  - name: rename
    when: "external.label != null"
    unless: "odoo.name == external.label"
    call: { method: rename, args: "=external.label" }`
    return inWorld(steps(rename), async (world) => {
      const id = insert(world)
      world.stores.external.edit('customers', id, { label: 'Anna' })
      await world.settle()
      expect(world.stores.odoo.get('partners', '1')?.name).toBe('Anna')
      expect(world.stores.external.get('customers', '1')?.full_name).toBe('Anna')
    })
  })

  it('that is refused is parked alone: fields go on, later steps wait, and a retry or a change tries again', () => {
    const refused = `  - { name: refused, when: "external.phone == '2'", unless: "odoo.confirmed == 9", call: { method: refuse } }
  - { name: confirm, when: "true", unless: "odoo.confirmed != null", call: { method: confirm } }`
    return inWorld(steps(refused), async (world) => {
      const id = insert(world)
      await world.settle()
      const dead = () => world.ledger.steps('customers', { state: 'dead', limit: 9 })
      expect(await dead()).toMatchObject([{ step: 'refused', fault: { code: 'invalid', message: 'Not with me.' } }])
      expect(await world.ledger.countChanges('customers', {})).toBe(0)
      expect(confirmed(world)).toBeNull()
      world.stores.odoo.edit('partners', '1', { email: 'new@x' })
      await world.settle()
      expect(world.stores.external.get('customers', '1')?.email).toBe('new@x')
      expect(await dead()).toHaveLength(1)
      world.stores.external.edit('customers', id, { phone: '3' })
      await world.settle()
      expect(await dead()).toHaveLength(0)
      expect(confirmed(world)).toBe(1)
    })
  })

  it('waits for fields that are not settled', () =>
    inWorld(CONFIRM_STEP, async (world) => {
      const id = insert(world, '1')
      await world.settle()
      world.stores.odoo.faults.poison = (operation) =>
        operation.kind === 'update' ? new SyncError('invalid', 'no') : null
      world.stores.external.edit('customers', id, { phone: '2' })
      await world.settle()
      expect(confirmed(world)).toBeNull()
      world.stores.odoo.faults.poison = null
      const dead = await world.ledger.changes('customers', { state: 'dead', limit: 9 })
      await world.ledger.retry(
        'customers',
        dead.map(({ change }) => change),
        world.nowMs(),
      )
      await world.settle()
      expect(confirmed(world)).toBe(1)
    }))

  it('whose effect cannot be seen in `unless` is parked instead of called for ever', () => {
    const useless = `  - { name: useless, when: "true", unless: "odoo.name == 'never'", call: { method: nothing } }`
    return inWorld(steps(useless), async (world) => {
      insert(world)
      await world.settle()
      expect(await world.ledger.steps('customers', { state: 'dead', limit: 9 })).toMatchObject([
        { step: 'useless', fault: { code: 'unexpected', message: expect.stringContaining("odoo.name == 'never'") } },
      ])
    })
  })

  it('that is repeatable is called once for each new set of values', () => {
    const mail = `  - { name: mail, when: "external.phone != null", repeatable: true, call: { method: confirm } }`
    return inWorld(steps(mail), async (world) => {
      const id = insert(world)
      await world.settle()
      expect(confirmed(world)).toBe(1)
      world.stores.external.edit('customers', id, { email: 'other@x' })
      await world.settle()
      expect(confirmed(world)).toBe(1)
      world.stores.external.edit('customers', id, { phone: '5' })
      await world.settle()
      expect(confirmed(world)).toBe(2)
    })
  })

  it.each(['step-planned', 'step-begun', 'step-called', 'step-settled'] as const)(
    'is in effect once when the process dies at %s',
    (point) =>
      inWorld(CONFIRM_STEP, async (world) => {
        insert(world)
        world.killAt(point)
        await expect(world.run()).rejects.toThrow(Killed)
        await world.settle()
        expect(confirmed(world)).toBe(1)
      }),
  )

  it('whose answer was lost is looked at, and not called again', () =>
    inWorld(CONFIRM_STEP, async (world) => {
      insert(world)
      const lost = new SyncError('network', 'lost', { inDoubt: true })
      world.stores.odoo.faults.inject({ method: 'call', after: lost })
      await expect(world.run()).rejects.toThrow('lost')
      expect(await world.ledger.steps('customers', { limit: 9 })).toMatchObject([
        { state: 'pending', step: 'confirm', calledAtMs: world.nowMs() },
      ])
      await world.settle()
      expect(confirmed(world)).toBe(1)
      const history = await world.ledger.history('customers', { key: 'A', limit: 100 })
      expect(history.filter(({ event }) => event === 'step')).toMatchObject([{ detail: { found: true } }])
    }))

  it('in doubt is given time before it is called again, however often', () =>
    inWorld(CONFIRM_STEP, async (world) => {
      insert(world)
      const lost = new SyncError('network', 'lost', { inDoubt: true })
      world.stores.odoo.faults.inject({ method: 'call', before: lost })
      await expect(world.run()).rejects.toThrow('lost')
      world.advance(4000)
      await world.run()
      expect(confirmed(world)).toBeNull()
      world.advance(2000)
      await world.run()
      expect(confirmed(world)).toBe(1)
    }))

  it('that always fails in doubt is parked when its attempts are used up', () =>
    inWorld(`${CONFIRM_STEP}max_attempts: 2`, async (world) => {
      insert(world)
      const broken = new SyncError('server', 'an error page', { inDoubt: true })
      world.stores.odoo.faults.inject({ method: 'call', before: broken, times: Number.POSITIVE_INFINITY })
      await world.settle()
      expect(await world.ledger.steps('customers', { state: 'dead', limit: 9 })).toMatchObject([{ attempts: 2 }])
    }))
})
