/** People who work on both sides at random, and who remember what they did: the measure of what is lost or doubled. */
import type { Bench } from './bench.ts'
import type { Customer } from './shop.ts'
import type { Partner, StandIn } from './stand-in.ts'

/** What must become of one record, which is known by its birth, a field that nobody edits. */
interface Life {
  readonly birth: string
  readonly side: 'odoo' | 'external'
  readonly id: number
  /** Last written by a person in Odoo; nobody else writes it. */
  phone: string | null
  /** Last written by a person in the shop; nobody else writes it. */
  email: string | null
  isEdited: boolean
  isDeleted: boolean
}

export interface People {
  /** Somebody does something on one of the sides. */
  act(): Promise<void>
  /** How much was done so far. */
  readonly done: { created: number; edited: number; deleted: number }
  /** What both sides lack or have twice, in the words of a person. */
  judge(): Promise<Judgement>
}

export interface Judgement {
  readonly lost: readonly string[]
  readonly doubled: readonly string[]
}

const MOST_RECORDS = 400
/** A few of all, so that no guard against mass deletes steps in. */
const MOST_DELETED = 20

export function hirePeople(standIn: StandIn, { mark, shop, partners }: Bench, random: () => number): People {
  const lives: Life[] = []
  const done = { created: 0, edited: 0, deleted: 0 }
  let count = 0
  const pick = <T>(from: readonly T[]): T | undefined => from[Math.floor(random() * from.length)]

  const create = async (): Promise<void> => {
    const n = ++count
    const birth = `http://${mark}-${n}`
    const isNameless = random() < 0.3
    const phone = `p${n}`
    const email = `e${n}@x`
    if (random() < 0.5) {
      const name = { name: `o${n}`, ref: isNameless ? false : `${mark}-${n}` }
      const id = await standIn.create({ function: mark, website: birth, phone, email, ...name })
      lives.push({ birth, side: 'odoo', id, phone, email, isEdited: false, isDeleted: false })
    } else {
      const name = { full_name: `s${n}`, code: isNameless ? null : `${mark}-${n}` }
      const id = shop.insert({ birth, phone, email, ...name })
      lives.push({ birth, side: 'external', id, phone, email, isEdited: false, isDeleted: false })
    }
    done.created += 1
  }

  /** The record as each side has it by now. */
  const find = async (life: Life): Promise<{ partner: number | null; customer: number | null }> => ({
    partner: (await standIn.find('website', life.birth))[0] ?? null,
    customer: shop.customers().find(({ birth }) => birth === life.birth)?.id ?? null,
  })

  const edit = async (life: Life): Promise<void> => {
    const { partner, customer } = await find(life)
    life.isEdited = true
    const value = `v${++count}`
    if (random() < 0.5 && partner !== null) {
      await standIn.write(partner, random() < 0.7 ? { phone: value } : { name: value })
      life.phone = (await standIn.read(partner))?.phone || null
    } else if (customer !== null) {
      shop.update(customer, random() < 0.7 ? { email: `${value}@x` } : { full_name: value })
      life.email = shop.customers().find(({ id }) => id === customer)?.email ?? null
    }
    done.edited += 1
  }

  const remove = async (life: Life): Promise<void> => {
    life.isDeleted = true
    if (life.side === 'odoo') await standIn.unlink(life.id)
    else shop.remove(life.id)
    done.deleted += 1
  }

  return {
    done,
    async act() {
      const living = lives.filter(({ isDeleted }) => !isDeleted)
      const life = pick(living)
      const chance = random()
      if (!life || (chance < 0.3 && lives.length < MOST_RECORDS)) return create()
      // Only what nobody has edited: an edit on the other side is a reason not to delete there.
      const newest = living.findLast(({ isEdited }) => !isEdited)
      if (chance < 0.33 && newest && done.deleted < MOST_DELETED) return remove(newest)
      return edit(life)
    },
    async judge() {
      const byBirth = Map.groupBy(await partners(), ({ website }) => String(website))
      const customersByBirth = Map.groupBy(shop.customers(), ({ birth }) => String(birth))
      const verdicts = lives.map((life) =>
        judgeLife(life, byBirth.get(life.birth) ?? [], customersByBirth.get(life.birth) ?? []),
      )
      return { lost: verdicts.flatMap(({ lost }) => lost), doubled: verdicts.flatMap(({ doubled }) => doubled) }
    },
  }
}

function judgeLife(life: Life, partners: readonly Partner[], customers: readonly Customer[]): Judgement {
  const lost: string[] = []
  const name = `${life.birth} of ${life.side} ${life.id}`
  const [partner] = partners
  const [customer] = customers
  const isDoubled = partners.length > 1 || customers.length > 1
  const doubled = isDoubled ? [`${name}: ${partners.length} partners, ${customers.length} customers`] : []
  if (life.isDeleted) {
    const isLeft =
      life.side === 'odoo' ? partners.length > 0 || customer?.archived === 0 : customers.length > 0 || partner?.active
    if (isLeft) lost.push(`${name}: its delete`)
    return { lost, doubled }
  }
  if (!partner || !customer) return { lost: [`${name}: ${partner ? 'no customer' : 'no partner'}`], doubled }
  if (partner.phone !== life.phone || customer.phone !== life.phone) {
    lost.push(`${name}: phone ${life.phone} is ${partner.phone} and ${customer.phone}`)
  }
  if (partner.email !== life.email || customer.email !== life.email) {
    lost.push(`${name}: email ${life.email} is ${partner.email} and ${customer.email}`)
  }
  if (partner.ref !== customer.code) lost.push(`${name}: key ${partner.ref} is not ${customer.code}`)
  return { lost, doubled }
}
