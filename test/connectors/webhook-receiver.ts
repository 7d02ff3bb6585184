import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Webhook } from 'standardwebhooks'

export interface Received {
  readonly id: string
  readonly type: string
  readonly body: Readonly<Record<string, unknown>>
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

export interface Receiver {
  readonly url: string
  /** Every message whose signature the reference implementation accepts, repeated ones too. */
  readonly received: Received[]
  readonly forged: string[]
  /** Answers the next messages, by their number from 0, in place of a 204; true: it did. */
  answer: ((response: ServerResponse, message: Received) => boolean) | null
  close(): Promise<void>
}

/** Whoever takes Standard Webhooks. */
export async function startReceiver(secret: string): Promise<Receiver> {
  const received: Received[] = []
  const forged: string[] = []
  const receiver: Omit<Receiver, 'url' | 'close'> = { received, forged, answer: null }
  const server = createServer((request, response) => {
    let text = ''
    request.on('data', (chunk) => {
      text += String(chunk)
    })
    request.on('end', () => {
      if (request.method !== 'POST') {
        response.writeHead(405).end()
        return
      }
      try {
        const body = new Webhook(secret).verify(text, request.headers as Record<string, string>) as Received['body']
        const message = {
          id: String(request.headers['webhook-id']),
          type: String(body.type),
          body,
          headers: request.headers,
        }
        received.push(message)
        if (receiver.answer?.(response, message) !== true) response.writeHead(204).end()
      } catch (error) {
        forged.push(String(error))
        response.writeHead(401).end()
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  return Object.assign(receiver, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/take`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  })
}
