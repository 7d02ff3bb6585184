import type { ChangeState, Ledger } from '../ledger/ledger.ts'
import { deadSteps, describeStep, stepAsJson } from './dead-steps.ts'
import { describeChange } from './describe-change.ts'
import type { Invocation } from './invocation.ts'
import { isKnown, ledgerToRead } from './ledger-access.ts'
import { mappingNamed, setupOf } from './setup.ts'
import { plural } from './words.ts'

const PAGE = 500

export type Listed = Awaited<ReturnType<Ledger['changes']>>[number]

/** Every change in a state, newest first, page by page. */
export async function* changesIn(ledger: Ledger, mapping: string | null, state: ChangeState): AsyncGenerator<Listed> {
  let afterSeq: number | undefined
  for (;;) {
    const page = await ledger.changes(mapping, { state, limit: PAGE, ...(afterSeq === undefined ? {} : { afterSeq }) })
    yield* page
    const last = page.at(-1)
    if (!last || page.length < PAGE) return
    afterSeq = last.change.seq
  }
}

/** Lists what is in a state. The answer is how many there are. */
export async function showChanges(
  invocation: Invocation,
  mapping: string | null,
  state: 'conflict' | 'dead',
  name: 'conflicts' | 'deadLetters',
): Promise<number> {
  const { terminal, json } = invocation
  const setup = setupOf(invocation)
  const names = mapping === null ? setup.files.map((file) => file.name) : [mappingNamed(setup, mapping).name]
  await using ledger = await ledgerToRead(setup)
  const listed: object[] = []
  let found = 0
  for (const each of names) {
    if (ledger === null || !(await isKnown(ledger, each))) continue
    for await (const item of changesIn(ledger, each, state)) {
      found += 1
      if (json) listed.push(asJson(item))
      else for (const line of describe(item)) terminal.out(line)
    }
    if (state !== 'dead') continue
    for await (const task of deadSteps(ledger, each)) {
      found += 1
      if (json) listed.push(stepAsJson(each, task))
      else for (const line of describeStep(each, task)) terminal.out(line)
    }
  }
  if (json) terminal.out(JSON.stringify({ [name]: listed }))
  else terminal.out(plural(found, state === 'dead' ? 'dead letter' : 'conflict'))
  return found
}

/** A change as `--json` shows it. */
export function asJson({ mapping, change, link }: Listed): object {
  const { side, id, kind, attempts, fault, conflicts, firstCapturedAtMs } = change
  const record = {
    mapping,
    side,
    id,
    key: link?.key ?? null,
    odooId: link?.odooId ?? null,
    externalId: link?.externalId ?? null,
  }
  return { ...record, kind, attempts, fault, fields: conflicts, sinceMs: firstCapturedAtMs }
}

function describe({ mapping, change, link }: Listed): readonly string[] {
  const [first = '', ...rest] = describeChange(mapping, change)
  const key = link?.key == null ? '' : ` ${link.key}`
  return [`${mapping}${key}: ${first}`, ...rest]
}
