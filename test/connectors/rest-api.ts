import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Fields, Value } from '../../src/contract/value.ts'

type Item = Record<string, Value>

export interface ApiOptions {
  /** How lists are paged; the parameters are the ones of `rest.test.ts`. */
  readonly paging: 'none' | 'page' | 'offset' | 'cursor' | 'link' | 'next' | 'keyset'
  /** The most records in a page, whatever is asked for. */
  readonly cap?: number
  /** The change filter is not known here, and so ignored. */
  readonly ignoresFilter?: boolean
  /** Times are cut to whole seconds. */
  readonly wholeSeconds?: boolean
  /** `updated_at` is empty until the first edit. */
  readonly nullOnCreate?: boolean
  /** The value of the header Authorization that is accepted; a function is asked each time. */
  readonly authorization?: () => string
}

export interface Api {
  readonly url: string
  readonly items: Map<string, Item>
  /** Every request as "GET /items?page=1". */
  readonly requests: string[]
  /** Answers the next requests in place of the API; null: leaves them to it. */
  intercept: ((request: IncomingMessage, response: ServerResponse) => boolean) | null
  insert(fields: Fields): string
  edit(id: string, fields: Fields): void
  remove(id: string): void
  close(): Promise<void>
}

/** A small JSON API with records at /items, for tests of what real ones do in many ways. */
export async function startApi(options: ApiOptions): Promise<Api> {
  const items = new Map<string, Item>()
  const requests: string[] = []
  let nextId = 1
  const stamp = (): string => {
    const iso = new Date().toISOString()
    return options.wholeSeconds === true ? `${iso.slice(0, 19)}Z` : iso
  }
  const api: Omit<Api, 'url' | 'close'> = {
    items,
    requests,
    intercept: null,
    insert(fields) {
      const id = String(nextId++)
      const updated = options.nullOnCreate === true ? null : stamp()
      items.set(id, { ...fields, id: Number(id), created_at: stamp(), updated_at: updated })
      return id
    },
    edit(id, fields) {
      const item = items.get(id)
      if (item !== undefined) items.set(id, { ...item, ...fields, updated_at: stamp() })
    },
    remove(id) {
      items.delete(id)
    },
  }
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`)
    if (api.intercept?.(request, response) === true) return
    handle(api, options, request, response).catch((error: unknown) => {
      response.writeHead(500).end(String(error))
    })
  })
  const url = await listen(server)
  return Object.assign(api, {
    url,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  })
}

function listen(server: Server): Promise<string> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`))
  })
}

async function handle(
  api: Omit<Api, 'url' | 'close'>,
  options: ApiOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://api')
  const body = await readBody(request)
  const [, collection, id] = url.pathname.split('/')
  if (options.authorization !== undefined && request.headers.authorization !== options.authorization()) {
    send(response, 401, { message: 'who are you?' })
  } else if (collection !== 'items') send(response, 404, { message: `there is no ${collection}` })
  else if (id === undefined && request.method === 'GET') sendList(api, options, url, request, response)
  else if (id === undefined) create(api, body as Item, response)
  else if (id === 'batch') sendBatch(api, body as { create?: Item[] }, response)
  else handleItem(api, id, request, body as Item, response)
}

function handleItem(
  api: Pick<Api, 'edit' | 'items' | 'remove'>,
  id: string,
  request: IncomingMessage,
  body: Item,
  response: ServerResponse,
): void {
  const item = api.items.get(id)
  const etag = `"${String(item?.updated_at)}"`
  const match = request.headers['if-match']
  if (item === undefined) send(response, 404, { message: `there is no item ${id}` })
  else if (request.method === 'GET') send(response, 200, { item }, { etag })
  else if (match !== undefined && match !== etag) send(response, 412, { message: 'it has changed' })
  else if (request.method === 'DELETE') {
    api.remove(id)
    send(response, 204, undefined)
  } else if (body.count === 13) send(response, 422, { errors: { count: ['is unlucky'] } })
  else {
    api.edit(id, body)
    send(response, 200, { item: api.items.get(id) ?? null })
  }
}

function create(api: Pick<Api, 'insert' | 'items'>, fields: Item, response: ServerResponse): void {
  const isTaken = [...api.items.values()].some((item) => item.code !== null && item.code === fields.code)
  if (fields.count === 13) send(response, 422, { errors: { count: ['is unlucky'] } })
  else if (isTaken) send(response, 409, { message: 'the code is taken' })
  else send(response, 201, { item: api.items.get(api.insert(fields)) ?? null })
}

function sendBatch(api: Pick<Api, 'insert' | 'items'>, body: { create?: Item[] }, response: ServerResponse): void {
  const created = (body.create ?? []).map((fields) =>
    fields.count === 13 ? { error: { message: 'the count is unlucky' } } : (api.items.get(api.insert(fields)) ?? null),
  )
  send(response, 200, { create: created })
}

function sendList(
  api: Pick<Api, 'items'>,
  options: ApiOptions,
  url: URL,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const { searchParams: query } = url
  let all = [...api.items.values()]
  const since = query.get('since')
  if (since !== null && options.ignoresFilter !== true) {
    all = all.filter((item) => item.updated_at !== null && String(item.updated_at) >= since)
  }
  const createdSince = query.get('created_since')
  if (createdSince !== null) all = all.filter((item) => String(item.created_at) >= createdSince)
  const code = query.getAll('code')
  if (code.length > 0) all = all.filter((item) => code.includes(String(item.code)))
  const size = Math.min(Number(query.get('size') ?? 100), options.cap ?? 100)
  const start = startOf(options.paging, query, all, size)
  const items = options.paging === 'none' ? all : all.slice(start, start + size)
  const hasMore = start + size < all.length && options.paging !== 'none'
  const next = new URL(url)
  next.searchParams.set('start', String(start + size))
  const address = `${next.pathname}${next.search}`
  const headers = hasMore && options.paging === 'link' ? { link: `</other>; rel="prev", <${address}>; rel="next"` } : {}
  const absolute = `http://${request.headers.host}${address}`
  send(
    response,
    200,
    {
      data: { items, pages: Math.ceil(all.length / size), total: all.length },
      next_cursor: hasMore ? `c${start + size}` : null,
      next: hasMore ? absolute : null,
    },
    headers,
  )
}

function startOf(paging: ApiOptions['paging'], query: URLSearchParams, all: readonly Item[], size: number): number {
  switch (paging) {
    case 'page':
      return (Number(query.get('page') ?? 1) - 1) * size
    case 'offset':
      return Number(query.get('offset') ?? 0)
    case 'cursor':
      return Number((query.get('cursor') ?? 'c0').slice(1))
    case 'keyset': {
      const after = Number(query.get('since_id') ?? 0)
      const index = all.findIndex((item) => Number(item.id) > after)
      return index === -1 ? all.length : index
    }
    case 'link':
    case 'next':
    case 'none':
      return Number(query.get('start') ?? 0)
  }
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  let text = ''
  for await (const chunk of request) text += String(chunk)
  return text === '' ? null : JSON.parse(text)
}

function send(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(body === undefined ? undefined : JSON.stringify(body))
}
