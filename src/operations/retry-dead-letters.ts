import type { ErrorCode } from '../contract/error.ts'
import { allDeadLetters, findDeadLetter, type StoredLetter } from './dead-letters.ts'
import { historyOfLetter, putSteps } from './letter-records.ts'
import { checkHasRun, type RecordName, type Site } from './site.ts'

export interface RetryRequest {
  readonly mapping: string
  /** Which ones; null: all of the mapping. */
  readonly records: readonly RecordName[] | null
  /** Of all: only those that failed for this reason. */
  readonly code?: ErrorCode
  readonly by: string
}

export interface RetryResult {
  readonly mapping: string
  readonly retried: number
}

/** So many are made due in one transaction. */
const BATCH = 500

/**
 * Makes dead letters due again, with no attempts spent: the daemon, or the next sync, tries them. One whose record was
 * changed meanwhile is due already and is not counted. @throws SyncError `config` where a named record has none.
 */
export async function retryDeadLetters(site: Site, request: RetryRequest): Promise<RetryResult> {
  const { mapping, records, code } = request
  await checkHasRun(site, mapping)
  let retried = 0
  let batch: StoredLetter[] = []
  const flush = async (): Promise<void> => {
    retried += await retryBatch(site, request, batch)
    batch = []
  }
  if (records) for (const record of records) batch.push(await findDeadLetter(site, mapping, record))
  else {
    for await (const letter of allDeadLetters(site, { mapping, ...(code === undefined ? {} : { code }) })) {
      batch.push(letter)
      if (batch.length === BATCH) await flush()
    }
  }
  await flush()
  await site.wake([mapping])
  return { mapping, retried }
}

async function retryBatch(
  site: Site,
  { mapping, by }: RetryRequest,
  letters: readonly StoredLetter[],
): Promise<number> {
  if (letters.length === 0) return 0
  const nowMs = site.clock.nowMs()
  const tasks = letters.flatMap(({ task }) => task ?? [])
  await putSteps(site.ledger, mapping, tasks, 'pending')
  const changes = letters.flatMap(({ change }) => change ?? [])
  const retried = await site.ledger.retry(mapping, changes, nowMs)
  await site.ledger.addHistory(
    mapping,
    letters.map((letter) => historyOfLetter(letter, 'retried', { by }, nowMs)),
  )
  return tasks.length + retried
}
