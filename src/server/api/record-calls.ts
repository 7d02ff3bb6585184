import { SyncError } from '../../contract/error.ts'
import type { Side } from '../../mapping/mapping.ts'
import { listConflicts, showConflict } from '../../operations/conflicts.ts'
import { listDeadLetters, showDeadLetter } from '../../operations/dead-letters.ts'
import { discardDeadLetters } from '../../operations/discard-dead-letters.ts'
import { retryDeadLetters } from '../../operations/retry-dead-letters.ts'
import { trace } from '../../operations/trace.ts'
import { viewOf } from '../conflict-views.ts'
import { sideOf } from '../page-tools.ts'
import { type ApiRoute, get, post } from './api-route.ts'
import { listQuery } from './schemas/common.ts'
import * as schemas from './schemas/records.ts'
import { BY_API } from './status-calls.ts'

export const recordCalls: readonly ApiRoute[] = [
  get({
    path: '/api/conflicts',
    name: 'listConflicts',
    summary: 'What both sides changed and a person has to decide, newest first within each mapping.',
    query: listQuery,
    answer: schemas.conflictPage,
    async handle({ site, query: { mapping = null, limit, after = null } }) {
      return { data: await listConflicts(site, { mapping, limit, after }) }
    },
  }),
  get({
    path: '/api/conflicts/{mapping}/{side}/{id}',
    name: 'readConflict',
    summary: 'One conflict, with who changed what and what it was before.',
    answer: schemas.conflictDetail,
    async handle({ site, path }) {
      const { mapping, side, id } = recordOf(path)
      return { data: await viewOf(site, await showConflict(site, mapping, { side, id })) }
    },
  }),
  get({
    path: '/api/dead-letters',
    name: 'listDeadLetters',
    summary: 'What cannot be applied without a person, newest first within each mapping.',
    query: schemas.letterQuery,
    answer: schemas.deadLetterPage,
    async handle({ site, query: { mapping = null, limit, after = null, state, code } }) {
      const filter = { mapping, state, limit, after, ...(code === undefined ? {} : { code }) }
      const { letters, next } = await listDeadLetters(site, filter)
      return { data: { deadLetters: letters, next } }
    },
  }),
  get({
    path: '/api/dead-letters/{mapping}/{side}/{id}',
    name: 'readDeadLetter',
    summary: 'One dead letter with its values.',
    answer: schemas.deadLetterDetail,
    async handle({ site, path }) {
      const { mapping, side, id } = recordOf(path)
      return { data: await showDeadLetter(site, mapping, { side, id }) }
    },
  }),
  post({
    path: '/api/dead-letters/{mapping}/retry',
    name: 'retryDeadLetters',
    summary: 'Tries dead letters again: some, all of one reason, or all of a mapping.',
    body: schemas.retryRequest,
    answer: schemas.retried,
    async handle({ site, path: { mapping = '' }, body: { records, code } }) {
      const request = { mapping, records, by: BY_API, ...(code === undefined ? {} : { code }) }
      return { data: await retryDeadLetters(site, request) }
    },
  }),
  post({
    path: '/api/dead-letters/{mapping}/discard',
    name: 'discardDeadLetters',
    summary: 'Gives dead letters up: the records are left as they are until they change.',
    body: schemas.discardRequest,
    answer: schemas.discarded,
    async handle({ site, path: { mapping = '' }, body: { records, reason } }) {
      return { data: await discardDeadLetters(site, { mapping, records, reason, by: BY_API }) }
    },
  }),
  get({
    path: '/api/records/{mapping}',
    name: 'traceRecord',
    summary: 'The whole story of one record, by its key or its id on a side.',
    query: schemas.storyQuery,
    answer: schemas.story,
    async handle({ site, path: { mapping = '' }, query: { key = null, odooId = null, externalId = null, limit } }) {
      return { data: await trace(site, { mapping, key, ids: { odoo: odooId, external: externalId }, limit }) }
    },
  }),
]

export function recordOf({ mapping = '', side: text, id = '' }: Readonly<Record<string, string>>): {
  readonly mapping: string
  readonly side: Side
  readonly id: string
} {
  const side = sideOf(text)
  if (side === null) throw new SyncError('invalid', `"${text ?? ''}" is no side: write odoo or external.`)
  return { mapping, side, id }
}
