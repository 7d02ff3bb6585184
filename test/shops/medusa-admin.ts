const { MEDUSA_URL: url = '', MEDUSA_USER: email, MEDUSA_PASSWORD: password } = process.env

interface Variant {
  readonly id: string
  readonly product_id: string
  readonly updated_at: string
  readonly product: { readonly updated_at: string }
  readonly prices: readonly { readonly currency_code: string; readonly amount: number }[]
}

/** What a person does in Medusa's admin pages. */
export interface MedusaAdmin {
  get<T>(path: string): Promise<T>
  post<T>(path: string, body: object): Promise<T>
  remove(path: string): Promise<unknown>
  variant(id: string): Promise<Variant>
  variantsBySku(sku: string): Promise<readonly Variant[]>
  customers(email: string): Promise<readonly Readonly<Record<string, unknown>>[]>
  /** An order that was placed. @returns its id. */
  order(email: string, items: readonly object[]): Promise<string>
  /** The id of a variant's inventory item. */
  inventoryItem(sku: string): Promise<string>
  stock(sku: string): Promise<number>
}

const VARIANT = 'fields=id,sku,updated_at,product_id,product.updated_at,*prices'

export async function medusaAdmin(): Promise<MedusaAdmin> {
  const { token } = await call<{ token: string }>('POST', '/auth/user/emailpass', { email, password })
  const get = <T>(path: string) => call<T>('GET', path, undefined, token)
  const post = <T>(path: string, body: object) => call<T>('POST', path, body, token)
  const variants = async (query: string) =>
    (await get<{ variants: Variant[] }>(`/admin/product-variants?${VARIANT}&${query}`)).variants
  const item = async (sku: string) => {
    type Found = { inventory_items: { id: string; stocked_quantity: number }[] }
    const [found] = (await get<Found>(`/admin/inventory-items?sku=${sku}`)).inventory_items
    if (found === undefined) throw new Error(`Medusa keeps no stock of ${sku}`)
    return found
  }
  return {
    get,
    post,
    remove: (path) => call('DELETE', path, undefined, token),
    async variant(id) {
      const [found] = await variants(`id=${id}`)
      if (found === undefined) throw new Error(`Medusa has no variant ${id}`)
      return found
    },
    variantsBySku: (sku) => variants(`sku=${sku}`),
    customers: async (address) =>
      (await get<{ customers: Record<string, unknown>[] }>(`/admin/customers?email=${address}`)).customers,
    async order(address, items) {
      const { sales_channels: channels } = await get<{ sales_channels: { id: string }[] }>('/admin/sales-channels')
      const { draft_order: draft } = await post<{ draft_order: { id: string } }>('/admin/draft-orders', {
        email: address,
        region_id: await region({ get, post }),
        sales_channel_id: channels[0]?.id,
        items,
      })
      await post(`/admin/draft-orders/${draft.id}/convert-to-order`, {})
      return draft.id
    },
    inventoryItem: async (sku) => (await item(sku)).id,
    stock: async (sku) => (await item(sku)).stocked_quantity,
  }
}

async function region({ get, post }: Pick<MedusaAdmin, 'get' | 'post'>): Promise<string> {
  const [known] = (await get<{ regions: { id: string }[] }>('/admin/regions')).regions
  if (known !== undefined) return known.id
  return (await post<{ region: { id: string } }>('/admin/regions', { name: 'Europe', currency_code: 'eur' })).region.id
}

async function call<T>(method: string, path: string, body?: object, token?: string): Promise<T> {
  const answer = await fetch(`${url}${path}`, {
    method,
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
  return (await answer.json()) as T
}
