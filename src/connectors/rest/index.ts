import type { ConnectorFactory, Report } from '../../contract/connector.ts'
import { SyncError } from '../../contract/error.ts'
import type { Call } from './call-schema.ts'
import { type ClientCall, headerOf, openRestClient, type RestClient } from './client.ts'
import { createCollection } from './collection.ts'
import { START } from './paging.ts'
import { pageCall } from './resource.ts'
import { type RestSettings, restSettings } from './settings.ts'

/** A JSON API over HTTP, described by configuration alone. */
export const createRestConnector: ConnectorFactory = (settings, name) => {
  const parsed = restSettings.safeParse(settings)
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => `${issue.path.join('.') || name}: ${issue.message}`)
    throw new SyncError('config', `The connection ${name} is wrong: ${faults.join('; ')}`, { cause: parsed.error })
  }
  const client = openRestClient(parsed.data)
  return {
    check: (signal) => checkConnection(client, parsed.data, signal),
    collections: async () => Object.keys(parsed.data.collections).map((each) => ({ name: each, label: null })),
    collection: (request) => createCollection(client, name, parsed.data, request),
    [Symbol.asyncDispose]: () => client.close(),
  }
}

/** Asks something that only a known caller may ask: the configured call, or the first page of some list. */
async function checkConnection(client: RestClient, settings: RestSettings, signal: AbortSignal): Promise<Report> {
  const list = Object.values(settings.collections)[0]?.list
  const call = settings.check === undefined ? list && pageCall(list, START, 1) : plainCall(settings.check)
  if (call === undefined) {
    throw new SyncError('config', `The connection to ${client.origin} has no collections`, {
      hint: 'Describe them under `collections` in config.yaml.',
    })
  }
  const beforeMs = Date.now()
  const answer = await client.call(call, signal)
  const dateMs = Date.parse(headerOf(answer, 'date') ?? '')
  return {
    server: headerOf(answer, 'server') ?? client.origin,
    user: null,
    // The header is cut to whole seconds: half a second is the best guess for what was cut off.
    clockOffsetMs: Number.isNaN(dateMs) ? null : Math.round(dateMs + 500 - (beforeMs + Date.now()) / 2),
    identity: null,
    problems: [],
  }
}

function plainCall(call: Call): ClientCall {
  return { call, method: 'GET', bindings: {}, changesData: false }
}
