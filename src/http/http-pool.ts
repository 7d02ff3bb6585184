import { Pool } from 'undici'
import { SyncError } from '../contract/error.ts'
import { createPace, type Pace, type PaceLimits } from './pace.ts'

export interface HttpTimeouts {
  readonly connectMs: number
  /** From the request to the first byte of the answer. */
  readonly headersMs: number
  /** Between two pieces of the body. */
  readonly bodyMs: number
  /** The whole call: a slow sender that never pauses long enough for `bodyMs` ends here. */
  readonly totalMs: number
}

export interface HttpPoolSettings {
  /** Scheme, host, port and, if any, the path in front of every call's path. */
  readonly url: string
  /** What the connection may ask of its server at once. `concurrency` is also the number of sockets. */
  readonly limits: PaceLimits
  readonly timeouts: HttpTimeouts
  /** A longer answer is cut off and reported as `too_large`. */
  readonly maxBodyBytes: number
}

/** The sockets and the pace of one connection to one origin. Make it once, close it with `closeHttpPool`. */
export interface HttpPool {
  readonly origin: string
  readonly pathPrefix: string
  readonly sockets: Pool
  readonly pace: Pace
  readonly totalMs: number
  readonly maxBodyBytes: number
}

/** @throws SyncError `config` when the address is not an http(s) address without credentials. Opens no socket yet. */
export function openHttpPool(settings: HttpPoolSettings): HttpPool {
  const { limits, timeouts } = settings
  const url = parseAddress(settings.url)
  const sockets = new Pool(url.origin, {
    connections: limits.concurrency,
    pipelining: 1,
    // One call per socket: `limits.concurrency` would mean nothing over HTTP/2.
    allowH2: false,
    connectTimeout: timeouts.connectMs,
    headersTimeout: timeouts.headersMs,
    bodyTimeout: timeouts.bodyMs,
    maxResponseSize: settings.maxBodyBytes,
  })
  return {
    origin: url.origin,
    pathPrefix: url.pathname.replace(/\/+$/, ''),
    sockets,
    pace: createPace(url.origin, limits),
    totalMs: timeouts.totalMs,
    maxBodyBytes: settings.maxBodyBytes,
  }
}

/** Ends what is in flight and closes every socket. May be repeated. */
export async function closeHttpPool(pool: HttpPool): Promise<void> {
  pool.pace.close()
  await pool.sockets.destroy()
}

function parseAddress(text: string): URL {
  const url = URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new SyncError('config', `"${text}" is not an http or https address`, {
      hint: 'Write the url as https://host[:port][/path].',
    })
  }
  if (url.username !== '' || url.password !== '') {
    throw new SyncError('config', `The address of ${url.host} contains a user name or password`, {
      hint: 'Take the credentials out of the url and use the settings that are made for them.',
    })
  }
  return url
}
