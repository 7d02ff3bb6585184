import { describe, expect, it } from 'vitest'
import { createOdooConnector } from '../../src/connectors/odoo/index.ts'
import { hasRealOdoo, realOdoo } from './environment.ts'

describe.skipIf(!hasRealOdoo('14'))('a real Odoo 14', () => {
  it('has no webhooks, either way, which is said with what it has instead', async () => {
    const { url, database, personLogin: user, personKey: api_key } = realOdoo('14')
    const settings = { type: 'odoo', url, database, user, api_key }
    await using connector = createOdooConnector(settings, 'erp')
    const pushTo = { token: 'a-token-of-some-length', url: 'http://127.0.0.1:9/hooks' }
    for (const spec of [{}, { push: 'bus', apply: 'webhook' }, { push: 'none', apply: 'webhook' }]) {
      const request = {
        spec: { model: 'res.partner', ...spec },
        fields: ['name'],
        consumer: 'test',
        key: 'ref',
        pushTo,
      }
      const { hooks } = connector.collection(request)
      await expect(hooks?.install(AbortSignal.timeout(60_000))).rejects.toMatchObject({
        code: 'config',
        message: 'This Odoo has no webhooks: they came with 17.',
        hint: expect.stringContaining('push: bus'),
      })
    }
  })
})
