import { createServer } from 'node:net'

/** A port of 127.0.0.1 that nothing listens on now: `preferred` where that is free. */
export async function freePort(preferred?: number): Promise<number> {
  const port = preferred === undefined ? null : await tryPort(preferred)
  return port ?? (await tryPort(0)) ?? Promise.reject(new Error('no port of 127.0.0.1 is free'))
}

function tryPort(port: number): Promise<number | null> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(null))
    server.listen(port, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(address !== null && typeof address === 'object' ? address.port : null))
    })
  })
}
