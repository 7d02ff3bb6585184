import type { IncomingMessage } from 'node:http'
import type { Context } from 'hono'

/**
 * The request's body as it came; null: it is longer than `maxBytes`, and the rest of it was not read. Taken from Node's own
 * request where there is one: making a web stream of it costs more than all the rest of a small request.
 */
export async function readBody(context: Context, maxBytes: number): Promise<Buffer | null> {
  const announced = Number(context.req.header('content-length') ?? 0)
  if (announced > maxBytes) return null
  const { incoming } = (context.env ?? {}) as { readonly incoming?: IncomingMessage }
  return incoming === undefined ? readWeb(context.req.raw.body, maxBytes) : readNode(incoming, maxBytes)
}

function readNode(incoming: IncomingMessage, maxBytes: number): Promise<Buffer | null> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    const settle = (finish: () => void): void => {
      incoming.off('data', onData).off('end', onEnd).off('error', onBroken).off('close', onBroken)
      finish()
    }
    const onData = (chunk: Buffer): void => {
      chunks.push(chunk)
      size += chunk.length
      // What is left is thrown away by the server, or the line is cut.
      if (size > maxBytes) settle(() => resolve(null))
    }
    const onEnd = (): void =>
      settle(() => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)))
    const onBroken = (): void => settle(() => reject(new BrokenOff()))
    incoming.on('data', onData).on('end', onEnd).on('error', onBroken).on('close', onBroken)
  })
}

/** The sender went away before its request was complete: nobody is there to be answered. */
export class BrokenOff extends Error {}

async function readWeb(body: ReadableStream<Uint8Array> | null, maxBytes: number): Promise<Buffer | null> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body ?? []) {
    chunks.push(chunk)
    size += chunk.length
    if (size > maxBytes) return null
  }
  return Buffer.concat(chunks)
}
