import { ConfigError } from './config/config-error.ts'
import type { Collection, Connector } from './contract/connector.ts'
import { stepFields } from './mapping/compile-steps.ts'
import { type Mapping, SIDES, type Side } from './mapping/mapping.ts'
import { type MappingFile, sideSpec } from './mapping/mapping-file.ts'
import { type FileProblem, problemAt } from './mapping/problem.ts'

/** Records as a mapping's steps read them, by side. null: the mapping has no steps. */
type StepRecords = Readonly<Record<Side, Collection | null>>

/** Opens what the steps read and call, and asks both systems whether it can work. @throws ConfigError with file and line. */
export async function connectSteps(
  file: MappingFile,
  mapping: Mapping,
  get: (connection: string) => Connector,
  signal: AbortSignal,
): Promise<StepRecords> {
  const records = {
    odoo: openStepRecords(file, get, mapping, 'odoo'),
    external: openStepRecords(file, get, mapping, 'external'),
  }
  await checkSteps(file, mapping, records, signal)
  return records
}

/** The fields that only steps read are not worth reading with every page. */
function openStepRecords(
  file: MappingFile,
  get: (connection: string) => Connector,
  mapping: Mapping,
  side: Side,
): Collection | null {
  if (mapping.steps.length === 0) return null
  const connector = get(file.definition[side].connection)
  return connector.collection({ spec: sideSpec(file, side), fields: stepFields(file, side), consumer: file.name })
}

/** What cannot work in a step's call is told at its place in the file. */
async function checkSteps(
  file: MappingFile,
  mapping: Mapping,
  stepRecords: StepRecords,
  signal: AbortSignal,
): Promise<void> {
  const problems: FileProblem[] = []
  for (const { index, side, related } of mapping.steps) {
    const definition = file.definition.steps[index]
    const complain = (part: string, message: string) =>
      problems.push(problemAt(file.locate, ['steps', index, part], message))
    for (const each of SIDES) {
      const requests = [...related.values()].filter((one) => one.side === each).map(({ request }) => request)
      const isCalled = each === side
      if (!isCalled && requests.length === 0) continue
      const caller = stepRecords[each]?.caller
      const part = isCalled ? 'call' : 'read'
      if (!caller) complain(part, `${file.definition[each].connection} has nothing that a step could call or read`)
      else {
        const call = isCalled ? (definition?.call ?? null) : null
        for (const message of await caller.check(call, requests, signal)) complain(part, message)
      }
    }
  }
  if (problems.length > 0) throw new ConfigError(problems)
}
