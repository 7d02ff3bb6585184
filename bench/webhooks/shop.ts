import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Shop {
  readonly url: string
  /** Gives a record a new phone number: its version, the time of the edit. */
  edit(id: number, version: number): void
}

/** A shop's API with records that were there before anything was told. */
export async function startShop(records: number): Promise<Shop> {
  const versions: number[] = Array(records).fill(Date.now() - 3_600_000)
  const item = (id: number) => {
    const version = versions[id] ?? 0
    const updated_at = new Date(version).toISOString()
    return { id, code: `W-${id}`, name: `Customer ${id}`, phone: String(version), updated_at }
  }
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://shop')
    const id = url.pathname.split('/')[2]
    const start = Number(url.searchParams.get('start') ?? 0)
    const size = Number(url.searchParams.get('size') ?? 100)
    const sinceMs = Date.parse(url.searchParams.get('since') ?? '') || 0
    const found = versions.flatMap((version, each) => (version >= sinceMs ? [each] : []))
    response.writeHead(200, { 'content-type': 'application/json' })
    const answer = id === undefined ? { items: found.slice(start, start + size).map(item) } : item(Number(id))
    response.end(JSON.stringify(answer))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    edit(id, version) {
      versions[id] = version
    },
  }
}
