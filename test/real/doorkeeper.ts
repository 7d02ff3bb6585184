import { createServer, request as forward } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Stands before an Odoo, notes which paths were asked for, answers 404 for those that are shut, and may set its clock. */
export interface Doorkeeper extends AsyncDisposable {
  readonly url: string
  /** The beginnings of paths that are shut. */
  shut: readonly string[]
  readonly asked: string[]
  /** How far the clock by which Odoo dates its answers is ahead. */
  clockAheadMs: number
  /** The last one that was sent. */
  cookie: string | undefined
}

export async function openDoorkeeper(odooUrl: string): Promise<Doorkeeper> {
  const server = createServer((request, response) => {
    const path = request.url ?? '/'
    keeper.asked.push(path)
    keeper.cookie = request.headers.cookie ?? keeper.cookie
    if (keeper.shut.some((start) => path.startsWith(start))) {
      response.writeHead(404, { 'content-type': 'text/html' }).end('<h1>404 Not Found</h1>')
      return
    }
    const { method, headers } = request
    const onward = forward(new URL(path, odooUrl), { method, headers }, (answer) => {
      const date = new Date(Date.now() + keeper.clockAheadMs).toUTCString()
      response.writeHead(answer.statusCode ?? 502, {
        ...answer.headers,
        ...(keeper.clockAheadMs === 0 ? {} : { date }),
      })
      answer.pipe(response)
    })
    onward.on('error', () => response.destroy())
    request.pipe(onward)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const keeper: Doorkeeper = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    shut: [],
    asked: [],
    clockAheadMs: 0,
    cookie: undefined,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return keeper
}
