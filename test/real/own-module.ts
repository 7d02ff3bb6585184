/** A module of one's own in a real Odoo, as a company has them: fields, methods of models and controllers. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RealOdoo } from './environment.ts'
import { asPerson } from './person.ts'

const NAME = 'tandem_probe'

/** `user` is who called, so that a test sees whom Odoo took us for. */
const MODELS = `
from odoo import api, fields, models
from odoo.exceptions import UserError


class Partner(models.Model):
    _inherit = 'res.partner'

    probe_label = fields.Char()
    probe_stamp = fields.Char()
    probe_grade = fields.Char()
    probe_calls = fields.Integer()

    def probe_write(self, field, value, user):
        if value == 'refused':
            raise UserError('No label for %s.' % self.name)
        for partner in self:
            partner.write({field: '%s by %s' % (value, user.login), 'probe_calls': partner.probe_calls + 1})
        return {'labels': self.ids}

    def action_stamp(self, text, prefix=''):
        return self.probe_write('probe_stamp', prefix + text, self.env.user)


class Grades(models.AbstractModel):
    _name = 'tandem.probe.grades'
    _description = 'Grades'

    @api.model
    def give(self, partner_id, grade):
        return self.env['res.partner'].browse(partner_id).probe_write('probe_grade', grade, self.env.user)
`

const CONTROLLERS = (type: string, auths: readonly string[]): string => `
from odoo import http
from odoo.http import request


def print_label(partner, text):
    user = request.env.user
    return request.env['res.partner'].sudo().browse(partner).probe_write('probe_label', text, user)


class Labels(http.Controller):
${auths
  .map(
    (auth) => `
    @http.route('/${NAME}/label/${auth}', type='${type}', auth='${auth}')
    def ${auth}(self, partner, text):
        return print_label(partner, text)
`,
  )
  .join('')}`

/** Installs it. The answer takes it away again. */
export async function installOwnModule(odoo: RealOdoo): Promise<() => Promise<void>> {
  if (odoo.addons === null) throw new Error('There is no folder for modules.')
  const isNew = odoo.series === '19'
  const folder = join(odoo.addons, NAME)
  const files = {
    '__manifest__.py': `{'name': 'Tandem probe', 'version': '1.0', 'depends': ['base'], 'license': 'LGPL-3'}`,
    '__init__.py': 'from . import controllers, models',
    'models.py': MODELS,
    'controllers.py': CONTROLLERS(isNew ? 'jsonrpc' : 'json', ['public', 'user', ...(isNew ? ['bearer'] : [])]),
  }
  mkdirSync(folder, { recursive: true })
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), `${text}\n`)
  const onModule = async (method: string): Promise<void> => {
    const domain = [['name', '=', NAME]]
    const ids = await asPerson<number[]>('ir.module.module', 'search', { domain }, odoo)
    await asPerson('ir.module.module', method, { ids }, odoo)
  }
  await asPerson('ir.module.module', 'update_list', {}, odoo)
  await onModule('button_immediate_install')
  return async () => {
    await onModule('button_immediate_uninstall')
    await onModule('unlink')
    rmSync(folder, { recursive: true })
  }
}
