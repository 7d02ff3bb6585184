import { describe, expect, it } from 'vitest'
import { describeErrorCases, type ErrorCase } from './odoo-error-case.ts'
import { type Lab, PARTNER, TAG } from './odoo-lab.ts'

const HTTP = 'werkzeug.exceptions'
const ODOO = 'odoo.exceptions'

const CALLS: readonly ErrorCase[] = [
  {
    title: 'a wrong key',
    method: 'search',
    body: { domain: [] },
    options: { key: 'wrong' },
    status: 401,
    name: `${HTTP}.Unauthorized`,
    message: /^Invalid apikey$/,
  },
  {
    title: 'no key',
    method: 'search',
    body: { domain: [] },
    options: { key: null },
    status: 401,
    name: `${HTTP}.Unauthorized`,
    message: /not authenticated/,
  },
  {
    title: 'an unknown model',
    model: 'res.nope',
    method: 'search',
    body: { domain: [] },
    status: 404,
    name: `${HTTP}.NotFound`,
    message: /^the model 'res.nope' does not exist$/,
  },
  {
    title: 'an unknown method',
    method: 'nope',
    body: {},
    status: 404,
    name: `${HTTP}.NotFound`,
    message: /^The method 'res.partner.nope' does not exist$/,
  },
  {
    title: 'a private method',
    method: '_search',
    body: { domain: [] },
    status: 403,
    name: `${ODOO}.AccessError`,
    message: /^Private methods \(such as 'res.partner._search'\)/,
  },
  {
    title: 'a method declared private',
    method: 'search_fetch',
    body: { domain: [] },
    status: 403,
    name: `${ODOO}.AccessError`,
    message: /^Private methods/,
  },
  {
    title: 'a body that is no JSON',
    method: 'search',
    body: {},
    options: { rawBody: '{"domain": [' },
    status: 400,
    name: `${HTTP}.BadRequest`,
    message: /^could not parse the body as json: /,
  },
  {
    title: 'a body that is a list, for its missing arguments',
    method: 'search',
    body: {},
    options: { rawBody: '[1]' },
    status: 422,
    name: `${HTTP}.UnprocessableEntity`,
    message: /^missing a required argument: 'domain'$/,
  },
  {
    title: 'an empty body, for its missing arguments',
    method: 'search',
    body: {},
    options: { rawBody: '' },
    status: 422,
    name: `${HTTP}.UnprocessableEntity`,
    message: /'domain'/,
  },
  {
    title: 'create with values in place of vals_list',
    method: 'create',
    body: { values: { name: 'x' } },
    status: 422,
    name: `${HTTP}.UnprocessableEntity`,
    message: /^missing a required argument: 'vals_list'$/,
  },
  {
    title: 'write without vals',
    method: 'write',
    body: { ids: [1] },
    status: 422,
    name: `${HTTP}.UnprocessableEntity`,
    message: /'vals'/,
  },
  {
    title: 'an argument that the method does not have',
    method: 'search',
    body: { domain: [], nope: 1 },
    status: 422,
    name: `${HTTP}.UnprocessableEntity`,
    message: /^got an unexpected keyword argument 'nope'$/,
  },
  {
    title: 'ids for a method of the model',
    method: 'search',
    body: { ids: [1], domain: [] },
    status: 422,
    name: `${HTTP}.UnprocessableEntity`,
    message: /^cannot call res.partner.search with ids$/,
  },
  {
    title: 'web_save_multi with unequal lists',
    method: 'web_save_multi',
    body: { ids: [1], vals_list: [], specification: {} },
    status: 500,
    name: 'builtins.ValueError',
    message: /corresponding vals entry/,
  },
]

export function describeCallErrors(inLab: () => Lab): void {
  describeErrorCases(inLab, 'refuses a call for', CALLS)

  describe('answers outside of a call', () => {
    it('names the bearer scheme with a 401', async () => {
      const { headers } = await inLab().raw(PARTNER, 'search', { domain: [] }, { key: 'wrong' })
      expect(String(headers['www-authenticate']).trim()).toBe('Bearer')
    })

    it('answers 404 with HTML for a database that it does not have', async () => {
      const { status, headers } = await inLab().raw(PARTNER, 'search', { domain: [] }, { database: 'no-such-database' })
      expect(status).toBe(404)
      expect(headers['content-type']).toContain('text/html')
    })

    it('needs no database header where it has one database', async () => {
      expect(await inLab().call(PARTNER, 'search', { domain: [], limit: 1 }, { database: null })).toHaveLength(1)
    })

    it('names an unknown field of a contact by a KeyError on write, of another model by a ValueError', async () => {
      const lab = inLab()
      const partner = await lab.fail(PARTNER, 'write', { ids: [await lab.partner()], vals: { nope: 1 } })
      expect(partner).toMatchObject({
        ...lab.failure(500, 'builtins.KeyError'),
        message: expect.stringMatching(/nope/) as string,
      })
      const tag = await lab.fail(TAG, 'write', { ids: [await lab.tag('unknown')], vals: { nope: 1 } })
      expect(tag).toMatchObject({
        ...lab.failure(500, 'builtins.ValueError'),
        message: `Invalid field 'nope' in '${TAG}'`,
      })
    })

    it('tells its health and its version without a key', async () => {
      const lab = inLab()
      expect(JSON.parse((await lab.get('/web/health')).text)).toEqual({ status: 'pass' })
      const { version, version_info } = JSON.parse((await lab.get('/web/version')).text) as Record<string, unknown>
      expect(version).toMatch(/^19\.0/)
      expect((version_info as unknown[]).slice(0, 2)).toEqual([19, 0])
      const rpc = await lab.post('/web/webclient/version_info', '{}', { 'content-type': 'application/json' })
      expect(JSON.parse(rpc.text)).toMatchObject({ jsonrpc: '2.0', result: { server_serie: '19.0' } })
    })

    it('tells who a key belongs to, and what that user may do', async () => {
      const lab = inLab()
      const { uid } = await lab.call<{ uid: number }>('res.users', 'context_get', {})
      expect((await lab.read(await lab.partner(), ['write_uid'])).write_uid).toEqual([uid, expect.any(String)])
      expect(await lab.call(PARTNER, 'has_access', { ids: [], operation: 'write' })).toBe(true)
      expect(await lab.call('res.currency', 'has_access', { ids: [], operation: 'read' })).toBe(true)
      expect(await lab.call('res.currency', 'has_access', { ids: [], operation: 'write' })).toBe(false)
      const group = { ids: [uid], group_ext_id: 'base.group_system' }
      expect(await lab.call('res.users', 'has_group', group)).toBe(false)
      expect(await lab.call('res.users', 'has_group', { ...group, group_ext_id: 'base.group_user' })).toBe(true)
      const error = await lab.fail(PARTNER, 'has_access', { ids: [], operation: 'nope' })
      expect(error).toMatchObject(lab.failure(500, 'builtins.AssertionError'))
      if (lab.odoo.protocol === 'json2') expect((await lab.fail(PARTNER, 'context_get', {})).status).toBe(404)
    })

    it('points to the right address below /json/2', async () => {
      const { status, text } = await inLab().get('/json/2/res.partner/read')
      expect(status).toBe(404)
      expect(JSON.parse(text)).toMatchObject({ name: 'werkzeug.exceptions.NotFound' })
    })
  })
}
