import { openApp } from '../../app.ts'
import type { Side } from '../../mapping/mapping.ts'
import { acceptDatabase, lookAtConnection, verdictOf } from '../../operations/accept-database.ts'
import { type CheckFinding, checkSetup } from '../../operations/check.ts'
import { type HooksAction, isInstalled, performHooks } from '../../operations/hooks.ts'
import { probeCollection, probedAsJson } from '../../operations/probe.ts'
import { checkConnectionName } from '../../operations/site.ts'
import type { ServerSite } from '../site.ts'
import { type ApiAnswer, type ApiRoute, get, post } from './api-route.ts'
import * as schemas from './schemas/systems.ts'

/** So long a call may wait for systems that do not answer. */
const LIMIT_MS = 60_000

const HOOKS_SUMMARY = {
  install: 'Makes them, or makes them right again, with the rights that the configuration has.',
  remove: 'Takes them away, and nothing else.',
  rotate: 'Gives the webhook that the system listens on a new secret.',
} as const

/**
 * What asks a system at once, with connections of its own as the commands do it: a connection that the daemon does not
 * use for now, because its database was not recognised, can be looked at all the same.
 */
export const systemCalls: readonly ApiRoute[] = [
  post({
    path: '/api/check',
    name: 'check',
    summary: 'Asks every system whether it can do what the mappings need. Changes nothing.',
    answer: schemas.checked,
    async handle({ site }) {
      const findings: CheckFinding[] = []
      for await (const checked of checkSetup(site, limit(site))) findings.push(...checked.findings)
      return { data: { findings: findings.map((each) => redacted(site, each)) } }
    },
  }),
  get({
    path: '/api/connections/{connection}/probe',
    name: 'probeCollection',
    summary: 'Looks at a collection and says what was understood. Changes nothing.',
    query: schemas.probeQuery,
    answer: schemas.probed,
    async handle({ site, path: { connection = '' }, query: { collection } }) {
      return { data: probedAsJson(await probeCollection(site, connection, collection, limit(site))) }
    },
  }),
  get({
    path: '/api/connections/{connection}/database',
    name: 'readDatabase',
    summary: 'Looks whether the database behind a connection is the one that the ledger knows.',
    answer: schemas.database,
    async handle({ site, path: { connection = '' } }) {
      checkConnectionName(site, connection)
      await using app = await openApp(site, { emit: () => {} })
      return { data: await lookAtConnection(app, connection, limit(site)) }
    },
  }),
  post({
    path: '/api/connections/{connection}/accept',
    name: 'acceptDatabase',
    summary: 'Says what a database is that was not recognised; its mappings go on accordingly.',
    body: schemas.acceptRequest,
    answer: schemas.database,
    async handle({ site, path: { connection = '' }, body: { as, winner } }) {
      checkConnectionName(site, connection)
      const verdict = verdictOf(as, winner)
      await using app = await openApp(site, { emit: () => {} })
      const look = await acceptDatabase(app, connection, verdict, limit(site))
      await site.wake(look.mappings)
      return { data: look }
    },
  }),
  get({
    path: '/api/mappings/{mapping}/hooks',
    name: 'listHooks',
    summary: 'What the system has of what lets it tell us of changes and take them.',
    query: schemas.hooksQuery,
    answer: schemas.hooks,
    handle: ({ site, path, query }) => hooksAnswer(site, 'list', path.mapping, query.side),
  }),
  ...(Object.keys(HOOKS_SUMMARY) as (keyof typeof HOOKS_SUMMARY)[]).map((action) =>
    post({
      path: `/api/mappings/{mapping}/hooks/${action}`,
      name: `${action}Hooks`,
      summary: HOOKS_SUMMARY[action],
      body: schemas.hooksRequest,
      answer: schemas.hooks,
      handle: ({ site, path, body }) => hooksAnswer(site, action, path.mapping, body.side),
    }),
  ),
]

async function hooksAnswer(site: ServerSite, action: HooksAction, mapping = '', side: Side): Promise<ApiAnswer> {
  const parts = await performHooks(site, action, { mapping, side }, limit(site))
  return { data: { mapping, side, isInstalled: isInstalled(parts), parts } }
}

function limit({ signal }: ServerSite): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(LIMIT_MS)])
}

function redacted({ config }: ServerSite, { message, hint, ...finding }: CheckFinding): CheckFinding {
  const { redact } = config.redactor
  return { ...finding, message: redact(message), hint: hint === null ? null : redact(hint) }
}
