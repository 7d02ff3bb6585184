import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A shop's API with records that were there before anything was told. */
export async function startShop(records: number): Promise<{ readonly url: string; close(): void }> {
  const updated = new Date(Date.now() - 3_600_000).toISOString()
  const item = (id: number) => ({ id, code: `W-${id}`, name: `Customer ${id}`, phone: '0', updated_at: updated })
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://shop')
    const id = url.pathname.split('/')[2]
    const start = Number(url.searchParams.get('start') ?? 0)
    const size = Number(url.searchParams.get('size') ?? 100)
    const page = Array.from({ length: Math.min(size, Math.max(0, records - start)) }, (_, at) => item(start + at))
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(id === undefined ? { items: page } : item(Number(id))))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}
