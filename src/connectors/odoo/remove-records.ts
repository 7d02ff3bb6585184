import type { Outcome } from '../../contract/sink.ts'
import { answerMissing } from './answer-missing.ts'
import type { OdooModel } from './model.ts'
import { toOdooIds } from './records.ts'

export interface Remove {
  readonly id: string
}

/** One `unlink` for all. */
export function removeRecords(model: OdooModel, removes: readonly Remove[], signal: AbortSignal): Promise<Outcome[]> {
  return answerMissing(model, removes, signal, async (present) => {
    const ids = toOdooIds(present.map((remove) => remove.id))
    await model.connection.change(model.name, 'unlink', { ids, context: model.context }, signal)
    return present.map(() => ({ kind: 'done', record: null, isOurs: true }))
  })
}
