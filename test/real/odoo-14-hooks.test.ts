import { describe, expect, it } from 'vitest'
import { createOdooConnector } from '../../src/connectors/odoo/index.ts'
import { hasRealOdoo, realOdoo } from './environment.ts'

describe.skipIf(!hasRealOdoo('14'))('a real Odoo 14', () => {
  it('has nothing of the kind, which is said', async () => {
    const { url, database, personLogin, personKey } = realOdoo('14')
    const settings = { type: 'odoo', url, database, user: personLogin, api_key: personKey }
    await using connector = createOdooConnector(settings, 'erp')
    const pushTo = { token: 'a-token-of-some-length', url: 'http://127.0.0.1:9/hooks' }
    for (const spec of [{}, { push: 'bus' }, { push: 'none', apply: 'webhook' }]) {
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
        message: expect.stringMatching(/came with 17|has no base.automation/),
      })
    }
  })
})
