// Tells Tandem which records changed. Copy it to src/subscribers/tandem.js of the Medusa project, and set TANDEM_HOOK_URL
// (https://sync.example.com/hooks/shop) and TANDEM_HOOK_SECRET (the MEDUSA_HOOK_SECRET of Tandem) for Medusa.
const { createHmac } = require('node:crypto')

const WAIT_MS = 5000

exports.config = {
  event: [
    'customer.created',
    'customer.updated',
    'customer.deleted',
    'product.updated',
    'product-variant.created',
    'product-variant.updated',
    'product-variant.deleted',
    'order.placed',
    'order.updated',
    'order.completed',
    'order.canceled',
  ],
}

exports.default = async function tellTandem({ event, container }) {
  const told = await namesOf(event, container)
  if (told.ids.length === 0) return
  const body = JSON.stringify(told)
  const signature = createHmac('sha256', process.env.TANDEM_HOOK_SECRET).update(body).digest('hex')
  const answer = await fetch(process.env.TANDEM_HOOK_URL, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-tandem-signature': signature },
    body,
    signal: AbortSignal.timeout(WAIT_MS),
  })
  if (!answer.ok) throw new Error(`Tandem answered ${answer.status} to ${told.event}`)
}

/** A product's own name is shown with each of its variants; an order may be the first that is heard of a guest. */
async function namesOf({ name, data }, container) {
  const find = async (entity, fields, filters) =>
    (await container.resolve('query').graph({ entity, fields, filters })).data
  if (name === 'product.updated') {
    const variants = await find('product_variant', ['id'], { product_id: data.id })
    return { event: 'product-variant.updated', ids: variants.map(({ id }) => id), customers: [] }
  }
  const orders = name.startsWith('order.') ? await find('order', ['customer_id'], { id: data.id }) : []
  return { event: name, ids: [data.id], customers: orders.flatMap((order) => order.customer_id ?? []) }
}
