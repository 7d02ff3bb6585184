# For `odoo shell`: a user for Tandem alone who may maintain contacts, and an API key of that user on standard output.
import sys
from datetime import datetime, timedelta

login = 'tandem'
user = env['res.users'].search([('login', '=', login)])
if not user:
    groups = [env.ref('base.group_user').id, env.ref('base.group_partner_manager').id]
    user = env['res.users'].create({'name': 'Tandem', 'login': login, 'group_ids': [(6, 0, groups)]})
expires = datetime.now() + timedelta(days=90)
key = env['res.users.apikeys'].with_user(user).sudo()._generate('rpc', 'tandem', expires)
env.cr.commit()
sys.stdout.write(key)
