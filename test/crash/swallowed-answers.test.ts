import { expect, it } from 'vitest'
import { createRandom } from '../../src/connectors/memory/random.ts'
import { SyncError } from '../../src/contract/error.ts'
import { createRunner, type Runner } from '../../src/engine/runner.ts'
import { startSandboxOdoo } from '../../src/sandbox/odoo/start-sandbox-odoo.ts'
import { type Bench, openBench } from './bench.ts'
import type { Partner } from './stand-in.ts'

/** How many answers get lost after Odoo has done its work. */
const ANSWERS = Number(process.env.TANDEM_SWALLOWED ?? 250)
const SEED = Number(process.env.TANDEM_SEED ?? 1)
const MOST_RECORDS = 3000

/** The stand-in in this process, and how many of its answers were lost so far. */
async function startSwallowing() {
  const sandbox = await startSandboxOdoo()
  const person = sandbox.as('admin')
  const { take } = sandbox.faults
  let swallowed = 0
  sandbox.faults.take = (model, method) => {
    const fault = take(model, method)
    if (fault?.kind === 'swallowed') swallowed += 1
    return fault
  }
  for (const method of ['create', 'write', 'web_save', 'web_save_multi']) {
    sandbox.faults.add({ kind: 'swallowed', model: 'res.partner', method, probability: 0.8, seed: SEED })
  }
  return {
    ...sandbox,
    swallowed: () => swallowed,
    create: (values: Record<string, unknown>) => person.create('res.partner', [values]),
    async partners(mark: string): Promise<readonly Partner[]> {
      const ids = person.search('res.partner', [['function', '=', mark]])
      return person.read('res.partner', ids, ['name', 'ref', 'email', 'website']) as unknown as Partner[]
    },
  }
}

async function openRunner({ beside: { app } }: Bench): Promise<Runner> {
  const [file] = app.files
  if (!file) throw new Error('no mapping')
  return createRunner((await app.connect(file, new AbortController().signal)).context)
}

/** One run, which a lost answer stops. */
async function attempt(runner: Runner): Promise<void> {
  try {
    await runner.runNow({ depth: 'tail' })
  } catch (error) {
    if (!(error instanceof SyncError)) throw error
  }
}

it(
  `${ANSWERS} lost answers double nothing`,
  async () => {
    const odoo = await startSwallowing()
    const random = createRandom(SEED)
    try {
      await using bench = await openBench({ standIn: odoo })
      const { mark, shop } = bench
      const emails = new Map<number, string>()
      const runner = await openRunner(bench)
      for (let n = 0; odoo.swallowed() < ANSWERS; n++) {
        const email = `e${n}@x`
        const birth = `http://${mark}-${n}`
        const ids = [...emails.keys()]
        if (ids.length > MOST_RECORDS || (ids.length > 0 && random() < 0.4)) {
          const id = ids[Math.floor(random() * ids.length)] ?? 0
          shop.update(id, { email })
          emails.set(id, email)
        } else if (random() < 0.2) {
          odoo.create({ function: mark, name: `o${n}`, website: birth })
        } else {
          const code = random() < 0.3 ? null : `${mark}-${n}`
          emails.set(shop.insert({ full_name: `s${n}`, code, birth, email }), email)
        }
        await attempt(runner)
      }
      odoo.faults.clear()
      const lost = odoo.swallowed()
      for (let run = 0; run < 5; run++) await runner.runNow({ sweeps: run === 4 })

      const partners = await odoo.partners(mark)
      const customers = shop.customers()
      const told = `${lost} answers lost, ${partners.length} partners, ${customers.length} customers`
      if (process.env.TANDEM_SWALLOWED) process.stdout.write(`${told}\n`)
      expect(new Set(partners.map(({ website }) => website)).size, told).toBe(partners.length)
      expect(new Set(customers.map(({ birth }) => birth)).size, told).toBe(customers.length)
      expect(partners.length).toBe(customers.length)
      const wrong = customers.filter(({ id, email }) => emails.has(id) && emails.get(id) !== email)
      expect(wrong).toEqual([])
      expect(await bench.beside.differences()).toEqual([])
      expect(await bench.beside.faults()).toEqual([])
      await runner.stop(1000)
    } finally {
      await odoo.close()
    }
  },
  30_000 + ANSWERS * 100,
)
