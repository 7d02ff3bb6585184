import { THROUGHPUT_SLICE_MS } from '../../ledger/throughput.ts'
import { confirmGuards } from '../../operations/confirm-guards.ts'
import { connectionStatus } from '../../operations/connection-status.ts'
import { pause, resume } from '../../operations/pause.ts'
import { checkConnectionName, mappingNamed } from '../../operations/site.ts'
import type { MappingStatus } from '../../operations/status.ts'
import { readStatus } from '../overview-data.ts'
import { stateOf } from '../readiness-route.ts'
import type { ServerSite } from '../site.ts'
import { type ApiRoute, get, post } from './api-route.ts'
import * as schemas from './schemas/status.ts'

/** Who does what is done here, as the history has it. */
export const BY_API = 'api'

const HOUR_MS = 60 * 60_000

export const statusCalls: readonly ApiRoute[] = [
  get({
    path: '/api/status',
    name: 'readStatus',
    summary: 'How all mappings and connections are.',
    answer: schemas.status,
    handle: async ({ site }) => ({ data: await readStatus(site) }),
  }),
  get({
    path: '/api/mappings/{mapping}',
    name: 'readMapping',
    summary: 'How one mapping is.',
    answer: schemas.mappingStatus,
    handle: async ({ site, path }) => ({ data: await statusOf(site, path.mapping) }),
  }),
  get({
    path: '/api/mappings/{mapping}/health',
    name: 'probeMapping',
    summary: 'Whether a mapping runs: 200, or 503 when it is paused, fails or has not started.',
    answer: schemas.health,
    also: { status: 503, meaning: 'It does not run.' },
    async handle({ site, path }) {
      const status = await statusOf(site, path.mapping)
      const { mapping, reason, lagMs, needsPerson } = status
      const state = stateOf(site, status)
      const isRunning = state === 'running' || state === 'guarded'
      return { data: { mapping, state, reason, lagMs, needsPerson }, status: isRunning ? 200 : 503 }
    },
  }),
  get({
    path: '/api/mappings/{mapping}/throughput',
    name: 'readThroughput',
    summary: 'How much was captured and applied, in slices of time.',
    query: schemas.throughputQuery,
    answer: schemas.throughput,
    async handle({ site, path, query }) {
      const { mapping, state } = await statusOf(site, path.mapping)
      const sinceMs = site.clock.nowMs() - query.hours * HOUR_MS
      const slices = state === 'new' ? [] : await site.ledger.throughput(mapping, sinceMs)
      return { data: { sliceMs: THROUGHPUT_SLICE_MS, slices } }
    },
  }),
  get({
    path: '/api/mappings/{mapping}/runs',
    name: 'listRuns',
    summary: 'The last runs of a mapping that did something or failed.',
    answer: schemas.runs,
    async handle({ site, path }) {
      const { mapping, state } = await statusOf(site, path.mapping)
      return { data: { runs: state === 'new' ? [] : (await site.ledger.state(mapping)).runs } }
    },
  }),
  post({
    path: '/api/mappings/{mapping}/pause',
    name: 'pauseMapping',
    summary: 'Pauses a mapping until somebody resumes it.',
    body: schemas.pauseRequest,
    answer: schemas.pauseResult,
    async handle({ site, path, body }) {
      const target = { kind: 'mapping', mapping: path.mapping ?? '' } as const
      const { mappings, pausedBy } = await pause(site, { target, reason: body.reason, by: BY_API })
      return { data: { mappings, pausedBy } }
    },
  }),
  post({
    path: '/api/mappings/{mapping}/resume',
    name: 'resumeMapping',
    summary: 'Lets a mapping run again.',
    answer: schemas.pauseResult,
    async handle({ site, path }) {
      const target = { kind: 'mapping', mapping: path.mapping ?? '' } as const
      const { mappings, pausedBy } = await resume(site, { target, by: BY_API })
      return { data: { mappings, pausedBy } }
    },
  }),
  post({
    path: '/api/mappings/{mapping}/guards/confirm',
    name: 'confirmGuards',
    summary: 'Agrees to what the guards of a mapping hold back now.',
    answer: schemas.confirmed,
    handle: async ({ site, path }) => ({
      data: await confirmGuards(site, { mapping: path.mapping ?? '', by: BY_API }),
    }),
  }),
  get({
    path: '/api/connections/{connection}',
    name: 'readConnection',
    summary: 'How one connection is.',
    answer: schemas.connectionStatus,
    async handle({ site, path: { connection = '' } }) {
      checkConnectionName(site, connection)
      return { data: await connectionStatus(site.ledger, connection, true) }
    },
  }),
  post({
    path: '/api/connections/{connection}/pause',
    name: 'pauseConnection',
    summary: 'Pauses every mapping that uses a connection.',
    body: schemas.pauseRequest,
    answer: schemas.pauseResult,
    async handle({ site, path, body }) {
      const target = { kind: 'connection', connection: path.connection ?? '' } as const
      const { mappings, pausedBy } = await pause(site, { target, reason: body.reason, by: BY_API })
      return { data: { mappings, pausedBy } }
    },
  }),
  post({
    path: '/api/connections/{connection}/resume',
    name: 'resumeConnection',
    summary: 'Lets the mappings of a connection run again.',
    answer: schemas.pauseResult,
    async handle({ site, path }) {
      const target = { kind: 'connection', connection: path.connection ?? '' } as const
      const { mappings, pausedBy } = await resume(site, { target, by: BY_API })
      return { data: { mappings, pausedBy } }
    },
  }),
]

async function statusOf(site: ServerSite, name = ''): Promise<MappingStatus> {
  mappingNamed(site, name)
  const found = (await readStatus(site)).mappings.find(({ mapping }) => mapping === name)
  if (!found) throw new Error(`no status of ${name}`)
  return found
}
