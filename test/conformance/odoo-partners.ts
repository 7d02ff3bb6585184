import { describe, expect, it } from 'vitest'
import { type Fields, type Lab, PARTNER } from './odoo-lab.ts'
import { moved } from './odoo-write-dates.ts'

interface Family {
  readonly company: number
  readonly first: number
  readonly second: number
  /** Of the type invoice: with an address of its own. */
  readonly invoice: number
  readonly all: readonly number[]
}

async function family(lab: Lab): Promise<Family> {
  const company = await lab.partner({ name: 'Company', is_company: true, street: 'Street 1', city: 'Ulm' })
  const [first = 0, second = 0, invoice = 0] = await lab.partners([
    { name: 'First', parent_id: company },
    { name: 'Second', parent_id: company, street: 'Own street' },
    { name: 'Invoice', parent_id: company, street: 'Billing street', type: 'invoice' },
  ])
  return { company, first, second, invoice, all: [company, first, second, invoice] }
}

export function describePartners(inLab: () => Lab): void {
  describe('a company and its contacts', () => {
    const column = async (ids: readonly number[], field: string): Promise<unknown[]> =>
      (await inLab().call<Fields[]>(PARTNER, 'read', { ids, fields: [field] })).map((record) => record[field])

    it('show the company in the name of a contact', async () => {
      const lab = inLab()
      const { first } = await family(lab)
      const { display_name, complete_name } = await lab.read(first, ['display_name', 'complete_name'])
      expect(display_name).toBe(`${lab.prefix}Company, ${lab.prefix}First`)
      expect(complete_name).toBe(display_name)
    })

    it('share the address of the company, whatever the contact was made with, unless it is of another type', async () => {
      const { all } = await family(inLab())
      expect(await column(all, 'street')).toEqual(['Street 1', 'Street 1', 'Street 1', 'Billing street'])
      expect(await column(all, 'city')).toEqual(['Ulm', 'Ulm', 'Ulm', false])
    })

    it('take an address that is written to a contact, company and siblings alike', async () => {
      const lab = inLab()
      const { all, first } = await family(lab)
      const act = (): Promise<unknown> => lab.call(PARTNER, 'write', { ids: [first], vals: { street: 'New street' } })
      expect(await moved(lab, all, act)).toEqual([true, true, true, true])
      expect(await column(all, 'street')).toEqual(['New street', 'New street', 'New street', 'Billing street'])
    })

    it('take a tax id that is written to a contact, all of them', async () => {
      const lab = inLab()
      const { all, first } = await family(lab)
      await lab.call(PARTNER, 'write', { ids: [first], vals: { vat: 'XX123' } })
      expect(await column(all, 'vat')).toEqual(['XX123', 'XX123', 'XX123', 'XX123'])
    })

    it('get a write_date each from any change of the company, and none from a change of a contact', async () => {
      const lab = inLab()
      const { all, company, first } = await family(lab)
      const ofCompany = (): Promise<unknown> => lab.call(PARTNER, 'write', { ids: [company], vals: { phone: '1' } })
      expect(await moved(lab, all, ofCompany)).toEqual([true, true, true, true])
      const ofContact = (): Promise<unknown> => lab.call(PARTNER, 'write', { ids: [first], vals: { phone: '2' } })
      expect(await moved(lab, all, ofContact)).toEqual([false, true, false, false])
      const unchanged = (): Promise<unknown> => lab.call(PARTNER, 'write', { ids: [company], vals: { phone: '1' } })
      expect(await moved(lab, all, unchanged)).toEqual([true, false, false, false])
    })

    it("get a write_date with the company's name, archived ones too, but not a company below it", async () => {
      const lab = inLab()
      const company = await lab.partner({ name: 'Company', is_company: true })
      const [archived = 0, below = 0] = await lab.partners([
        { parent_id: company, active: false },
        { parent_id: company, is_company: true },
      ])
      const act = (): Promise<unknown> =>
        lab.call(PARTNER, 'write', { ids: [company], vals: { name: `${lab.prefix}Other` } })
      expect(await moved(lab, [company, archived, below], act)).toEqual([true, true, false])
    })

    it('part when the company is deleted, and the contacts get a write_date', async () => {
      const lab = inLab()
      const { company, first, second } = await family(lab)
      const act = (): Promise<unknown> => lab.call(PARTNER, 'unlink', { ids: [company] })
      expect(await moved(lab, [first, second], act)).toEqual([true, true])
      expect(await column([first, second], 'parent_id')).toEqual([false, false])
      expect(await column([first], 'display_name')).toEqual([`${lab.prefix}First`])
    })

    it('refuse a contact that is its own company', async () => {
      const lab = inLab()
      const { company, first } = await family(lab)
      const error = await lab.fail(PARTNER, 'write', { ids: [company], vals: { parent_id: first } })
      expect(error).toMatchObject(lab.failure(422, 'odoo.exceptions.ValidationError'))
      expect(error.message).toContain('recursive')
    })
  })
}
