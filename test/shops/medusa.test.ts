import { createRestConnector } from '../../src/connectors/rest/index.ts'
import { type ConnectorSetup, describeConnector } from '../../src/testing/connector-suite.ts'
import { medusaAdmin } from './medusa-admin.ts'
import { recipeShop } from './recipe.ts'

async function setUp(): Promise<ConnectorSetup> {
  const medusa = await medusaAdmin()
  for (;;) {
    const { customers } = await medusa.get<{ customers: { id: string }[] }>('/admin/customers?limit=100')
    if (customers.length === 0) break
    await Promise.all(customers.map(({ id }) => medusa.remove(`/admin/customers/${id}`)))
  }
  const shop = recipeShop('medusa')
  const nowhere = { list: { path: '/admin/nowhere', items: 'nowhere' }, read: { path: '/admin/nowhere/{id}' } }
  const connect = () => createRestConnector({ ...shop, collections: { ...shop.collections, nowhere } }, 'shop')
  return {
    connector: connect(),
    reconnect: connect,
    request: {
      spec: { collection: 'customers' },
      fields: ['email', 'company_name', 'phone', 'metadata.odoo_name'],
      consumer: 'suite',
      key: 'email',
    },
    missing: { spec: { collection: 'nowhere' }, name: 'nowhere' },
    fields: { key: 'email', text: 'company_name' },
    keyValue: (n) => `k${n}@x.example`,
    person: {
      insert: async (fields) =>
        (await medusa.post<{ customer: { id: string } }>('/admin/customers', fields)).customer.id,
      edit: (id, fields) => medusa.post(`/admin/customers/${id}`, fields),
      remove: (id) => medusa.remove(`/admin/customers/${id}`),
    },
  }
}

describeConnector('rest: Medusa', setUp, {
  skip: {
    'remove of a record that is missing answers `gone`, and its neighbours are done':
      'Medusa answers the delete of a missing record as if it had been there',
  },
})
