import type { Capabilities } from '../contract/connector.ts'
import type { CompileContext } from './compile-field.ts'
import { type DeletePolicy, type ExitPolicy, flows, type Mapping, otherSide, type Side } from './mapping.ts'
import type { Path } from './problem.ts'

type BothCapabilities = Readonly<Record<Side, Capabilities>> | null

/** What a delete on each side does to the other. Archives where the target can and the file says nothing. */
export function compileDeletes(context: CompileContext, capabilities: BothCapabilities): Mapping['deletes'] {
  const { deletes } = context.file.definition
  return {
    odoo: deletePolicy(context, capabilities, 'odoo', deletes.from_odoo),
    external: deletePolicy(context, capabilities, 'external', deletes.from_external),
    guard: deletes.guard,
  }
}

function deletePolicy(
  context: CompileContext,
  capabilities: BothCapabilities,
  from: Side,
  written: DeletePolicy | undefined,
): DeletePolicy {
  const isCarried = flows(context.file.definition.direction, from)
  if (written === undefined) {
    return isCarried && capabilities?.[otherSide(from)].archive ? 'archive' : 'ignore'
  }
  const path: Path = ['deletes', `from_${from}`]
  if (written === 'ignore') return written
  checkCarried(context, from, path)
  if (written === 'archive') checkArchive(context, capabilities, from, path)
  if (capabilities?.[from].deletes === 'none') {
    context.complain(path, `deletes in ${context.schemas[from].name} cannot be seen, so this never happens`, 'warning')
  }
  return written
}

/** What happens to the other side when a record leaves a side's collection but still exists. */
export function compileExits(context: CompileContext, capabilities: BothCapabilities): Mapping['onExit'] {
  const { on_exit } = context.file.definition
  const policy = (from: Side, written: ExitPolicy): ExitPolicy => {
    if (written === 'keep') return written
    const path: Path = ['on_exit', `from_${from}`]
    // The short form speaks of both sides, and means those that the mapping carries.
    if (!flows(context.file.definition.direction, from)) return 'keep'
    if (written === 'archive') checkArchive(context, capabilities, from, path)
    return written
  }
  return { odoo: policy('odoo', on_exit.from_odoo), external: policy('external', on_exit.from_external) }
}

function checkCarried(context: CompileContext, from: Side, path: Path): void {
  const { direction } = context.file.definition
  if (flows(direction, from)) return
  context.complain(path, `direction: ${direction} carries nothing from ${from}: leave this out or say ignore`)
}

function checkArchive(context: CompileContext, capabilities: BothCapabilities, from: Side, path: Path): void {
  const to = otherSide(from)
  if (capabilities === null || capabilities[to].archive !== null) return
  context.complain(
    path,
    `${context.schemas[to].name} has nothing that archives a record: say delete or ignore, or configure archive for it`,
  )
}
