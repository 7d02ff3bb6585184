import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Ended, runProgram } from '../cli/program.ts'
import { asPerson } from '../real/person.ts'

/** A copy of a recipe, used as its reader would. */
interface Kitchen {
  tandem(...args: string[]): Promise<Ended>
}

let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tandem-recipe-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function cook(recipe: string): Kitchen {
  cpSync(fileURLToPath(new URL(`../../docs/recipes/${recipe}`, import.meta.url)), folder, { recursive: true })
  const names = Object.keys(process.env).filter((name) => /^(ODOO|STRAPI|MEDUSA)_/.test(name))
  const env = Object.fromEntries(names.map((name) => [name, process.env[name] ?? '']))
  return { tandem: (...args) => runProgram(folder, args, env) }
}

async function expectDone(running: Promise<Ended>): Promise<string> {
  const ended = await running
  expect(ended.code, ended.stdout + ended.stderr).toBe(0)
  return ended.stdout
}

/** Both sides in step, and left alone by a further run. */
async function expectInStep({ tandem }: Kitchen, ...mappings: string[]): Promise<void> {
  await expectDone(tandem('sync'))
  expect(await expectDone(tandem('sync'))).toMatch(/nothing to apply/)
  for (const mapping of mappings) await expectDone(tandem('verify', mapping))
}

describe('the recipe for Strapi', () => {
  const { STRAPI_URL: url, STRAPI_TOKEN: token } = process.env
  const strapi = async (method: string, path: string, data?: object): Promise<Record<string, unknown>[]> => {
    const answer = await fetch(`${url}/api${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(data === undefined ? {} : { body: JSON.stringify({ data }) }),
    })
    expect(answer.ok, `${method} ${path}: ${answer.status}`).toBe(true)
    if (answer.status === 204) return []
    const body = (await answer.json()) as { data: Record<string, unknown> | Record<string, unknown>[] }
    return Array.isArray(body.data) ? body.data : [body.data]
  }
  const customer = async (code: string) => (await strapi('GET', `/customers?filters[code][$eq]=${code}`))[0]

  test('brings customers in step, both ways', async () => {
    const kitchen = cook('strapi')
    await expectDone(kitchen.tandem('check'))
    const ref = `R-${Date.now()}`
    const [id] = await asPerson<number[]>('res.partner', 'create', {
      vals_list: [{ name: 'Berta', ref, email: `${ref}@x.example` }],
    })
    const [ann] = await strapi('POST', '/customers', { code: `S-${ref}`, name: 'Ann', country: 'CH' })
    await expectInStep(kitchen, 'customers')
    expect(await customer(ref)).toMatchObject({ name: 'Berta', blocked: false })
    const [made] = await asPerson<Record<string, unknown>[]>('res.partner', 'search_read', {
      domain: [['ref', '=', `S-${ref}`]],
      fields: ['name', 'country_code'],
    })
    expect(made).toMatchObject({ name: 'Ann', country_code: 'CH' })

    // Different fields on both sides, and a delete, which archives.
    await asPerson('res.partner', 'write', { ids: [id], vals: { phone: '+41 44 111 22 33' } })
    const berta = await customer(ref)
    await strapi('PUT', `/customers/${String(berta?.documentId)}`, { city: 'Bern' })
    await strapi('DELETE', `/customers/${String(ann?.documentId)}`)
    await expectDone(kitchen.tandem('sync', '--sweep'))
    await expectInStep(kitchen, 'customers')
    expect(await customer(ref)).toMatchObject({ city: 'Bern', phone: '+41 44 111 22 33' })
    const archived = await asPerson('res.partner', 'search_read', {
      domain: [['ref', '=', `S-${ref}`]],
      fields: ['active'],
      context: { active_test: false },
    })
    expect(archived).toMatchObject([{ active: false }])
  })
})

describe('the recipe for Medusa', () => {
  test('brings customers in step, both ways', async () => {
    const kitchen = cook('medusa')
    await expectDone(kitchen.tandem('check'))
    const email = `m${Date.now()}@x.example`
    const [id] = await asPerson<number[]>('res.partner', 'create', { vals_list: [{ name: 'Cleo Ltd', email }] })
    await expectInStep(kitchen, 'customers')
    await asPerson('res.partner', 'write', { ids: [id], vals: { phone: '+41 44 111 22 33' } })
    await expectInStep(kitchen, 'customers')
  })
})
