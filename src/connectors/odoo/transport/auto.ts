import { SyncError } from '../../../contract/error.ts'
import type { OdooTransport, Protocol } from './transport.ts'

/**
 * `protocol: auto`: asks each protocol that the credentials allow, the best first, who we are, and stays with the first
 * one that the server has. What was found is kept; while the server cannot be reached, nothing is decided.
 */
export function createAuto(possible: ReadonlyMap<Protocol, OdooTransport>): OdooTransport {
  let found: OdooTransport | null = null
  let choosing: Promise<OdooTransport> | null = null
  const chosen = async (signal: AbortSignal): Promise<OdooTransport> => {
    if (found !== null) return found
    choosing ??= choose(possible, signal).finally(() => {
      choosing = null
    })
    found = await choosing
    return found
  }
  return {
    call: async (call, signal) => (await chosen(signal)).call(call, signal),
    content: async function* (call, field, signal) {
      yield* (await chosen(signal)).content(call, field, signal)
    },
    route: async (path, params, signal) => (await chosen(signal)).route(path, params, signal),
    userId: async (signal) => (await chosen(signal)).userId(signal),
    serverInfo: async (signal) => (await chosen(signal)).serverInfo(signal),
  }
}

/**
 * @throws SyncError where the server refuses the credentials, cannot be reached, or speaks none of the protocols. A key
 * that one protocol refuses is a wrong key: the others are not tried with it.
 */
async function choose(possible: ReadonlyMap<Protocol, OdooTransport>, signal: AbortSignal): Promise<OdooTransport> {
  const refusals: string[] = []
  for (const [protocol, transport] of possible) {
    try {
      await transport.userId(signal)
      return transport
    } catch (error) {
      if (!isClosed(error)) throw error
      refusals.push(`${protocol}: ${error.message}`)
    }
  }
  throw new SyncError(
    'config',
    `The server speaks none of the protocols that the credentials allow. ${refusals.join('. ')}`,
    {
      hint: adviceFor(possible),
    },
  )
}

/** The address has no such protocol: it is not Odoo's version for it, its module is missing, or a proxy keeps it shut. */
function isClosed(error: unknown): error is SyncError {
  return error instanceof SyncError && /^(config|schema|forbidden)$/.test(error.code)
}

function adviceFor(possible: ReadonlyMap<Protocol, OdooTransport>): string {
  if (!possible.has('jsonrpc'))
    return 'Check `url` and `database`; before Odoo 19, give the connection `user` as well: the login that the key belongs to.'
  if (!possible.has('session'))
    return 'Check `url` and `database`; with `password` in place of `api_key`, a web session is tried too.'
  return 'Check `url` and `database` of the connection.'
}
