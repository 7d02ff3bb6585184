import { createServer, request as forward } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Stands before an Odoo, and can make our key one that Odoo does not know. */
export interface RevocableKey extends AsyncDisposable {
  readonly url: string
  isRevoked: boolean
}

export async function openRevocableKey(odooUrl: string): Promise<RevocableKey> {
  const server = createServer((request, response) => {
    const headers = { ...request.headers, ...(key.isRevoked ? { authorization: 'bearer revoked' } : {}) }
    const onward = forward(new URL(request.url ?? '/', odooUrl), { method: request.method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    onward.on('error', () => response.destroy())
    request.pipe(onward)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const key: RevocableKey = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    isRevoked: false,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return key
}
