import type { Connector, ConnectorFactory } from '../contract/connector.ts'
import { SyncError } from '../contract/error.ts'
import { loadModule } from './load-module.ts'

/** A user's connector, or why it cannot be had. `isMissing`: there is no such file or package. */
export type LoadedConnector =
  | { readonly factory: ConnectorFactory }
  | { readonly error: string; readonly isMissing: boolean }

/**
 * The connector that a file (`./connectors/wms.ts`) or a package exports as `default`. What it makes is looked at once, so
 * that a mistake is told as one and not as a failure somewhere in a run.
 */
export async function loadConnector(code: string, folder: string): Promise<LoadedConnector> {
  const loaded = await loadModule(code, folder)
  if ('error' in loaded) return loaded
  const factory = loaded.exports.default
  if (typeof factory !== 'function') {
    const found = Object.keys(loaded.exports).join(', ') || 'nothing'
    return {
      error: `${code} has to export a connector's factory as its default; it exports ${found}`,
      isMissing: false,
    }
  }
  return {
    factory: (settings, name, surroundings) => {
      const connector: unknown = (factory as ConnectorFactory)(settings, name, surroundings)
      const problem = connectorProblem(connector)
      if (problem !== null) throw new SyncError('config', `${code} ${problem}`)
      return connector as Connector
    },
  }
}

const METHODS = ['check', 'collection', Symbol.asyncDispose] as const

function connectorProblem(connector: unknown): string | null {
  if (connector instanceof Promise) return 'gives a promise: a factory answers at once, and asks its system in check'
  if (typeof connector !== 'object' || connector === null) return 'gives no connector'
  const missing = METHODS.find((name) => typeof (connector as Record<PropertyKey, unknown>)[name] !== 'function')
  if (missing === undefined) return null
  return `gives a connector without ${typeof missing === 'symbol' ? '[Symbol.asyncDispose]' : missing}()`
}
