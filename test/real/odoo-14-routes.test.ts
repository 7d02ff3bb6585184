import { describe, expect, it } from 'vitest'
import type { OdooSeries } from '../../scripts/real/odoo-install.ts'
import { hasRealOdoo, PROTOCOLS_OF, realOdoo } from './environment.ts'
import { openStepLab } from './step-lab.ts'

const all = (['19', '14'] as const satisfies readonly OdooSeries[]).flatMap((series) =>
  PROTOCOLS_OF[series].map((protocol) => ({ series, protocol })),
)

describe.each(all)('a controller of type json on Odoo $series over $protocol', ({ series, protocol }) => {
  it.skipIf(!hasRealOdoo(series))('is called as far as the protocol can say who we are', async () => {
    await using lab = openStepLab(realOdoo(series), protocol)
    const call = (route: string) => lab.call('res.partner', 1, { route, params: {} })
    expect(await call('/web/webclient/version_info')).toMatchObject({ server_serie: `${series}.0` })
    // It wants a user's session: only a session has one.
    const whoami = call('/web/session/get_session_info')
    if (protocol === 'session') expect(await whoami).toMatchObject({ username: realOdoo(series).login })
    else await expect(whoami).rejects.toMatchObject({ code: 'forbidden', hint: expect.stringContaining('session') })
    // 19 answers with an error page, so that nobody knows; 14 says that there is no such path.
    const unknown = { '19': { code: 'server', inDoubt: true }, '14': { code: 'schema', inDoubt: false } }[series]
    await expect(call('/no/such/route')).rejects.toMatchObject(unknown)
  })
})
