import { describe, expect, it } from 'vitest'
import { type Lab, PARTNER } from './odoo-lab.ts'

/** What JSON-2 answers in its own way, as JSON-RPC, XML-RPC and a web session answer it: the same in each version. */
export function describeRpcErrors(inLab: () => Lab): void {
  describe('beside JSON-2', () => {
    it.each([
      ['an unknown method', 'nope', { ids: [] }, 'builtins.AttributeError', /nope/],
      ['an argument that the method does not have', 'search', { domain: [], nope: 1 }, 'builtins.TypeError', /nope/],
      ['a missing argument', 'write', { ids: [] }, 'builtins.TypeError', /missing .* argument/],
      ['a private method', '_search', { ids: [] }, 'odoo.exceptions.AccessError', /^Private methods/],
    ])('refuses %s', async (_title, method, body, name, message) => {
      const error = await inLab().fail(PARTNER, method, body)
      expect(error).toEqual({ name, message: expect.stringMatching(message) as string })
    })

    it('refuses an unknown model, each in its way', async () => {
      const { odoo, fail } = inLab()
      const name = {
        json2: 'never asked',
        jsonrpc: 'odoo.exceptions.UserError',
        xmlrpc: 'odoo.exceptions.UserError',
        session: odoo.series === '14' ? 'builtins.KeyError' : 'werkzeug.exceptions.NotFound',
      }[odoo.protocol]
      expect((await fail('res.nope', 'search', { domain: [] })).name).toBe(name)
    })

    it('does what it is told by a method that answers None, and answers null', async () => {
      const lab = inLab()
      const id = await lab.partner({ name: 'archived' })
      expect(await lab.call(PARTNER, 'action_archive', { ids: [id] })).toBe(null)
      expect((await lab.read(id, ['active'])).active).toBe(false)
    })

    it('refuses wrong credentials as such', async () => {
      const error = await inLab().fail(PARTNER, 'search', { domain: [] }, { key: 'wrong' })
      expect(error.name).toMatch(/unauthorized|AccessDenied/)
    })

    it('carries every kind of text', async () => {
      const lab = inLab()
      for (const text of ['a\r\nb\rc', '<b>&amp;]]>', '\u2028 \u00a0', '日本 🎈', ' ']) {
        expect(await lab.stored('street', text)).toBe(text)
      }
    })
  })
}
