import type { LinesRequest } from '../contract/connector.ts'
import { isBundleName } from './bundle.ts'
import { fieldsRead } from './expression.ts'
import { fieldOn, type Side } from './mapping.ts'
import type { MappingDefinition } from './mapping-schema.ts'
import type { Locate } from './problem.ts'

/** A mapping file that was read and has the right form. `compile` checks it against what the two sides really have. */
export interface MappingFile {
  readonly name: string
  /** As it is shown to people. */
  readonly file: string
  readonly definition: MappingDefinition
  /** Where in the file a value stands. A connector's own part begins at `['odoo']` or `['external']`. */
  readonly locate: Locate
}

const OF_THE_MAPPING: ReadonlySet<string> = new Set(['connection', 'key', 'defaults'])

/** The connector's part of a side: every key that is not the mapping's own. Goes into `CollectionRequest.spec`. */
export function sideSpec(file: MappingFile, side: Side): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(file.definition[side]).filter(([name]) => !OF_THE_MAPPING.has(name)))
}

/** The field within whose value the key names a record; undefined: there is none. */
export function fieldOfScope(file: MappingFile, side: Side): string | undefined {
  const { key, fields } = file.definition
  const pair = key.within === undefined ? undefined : fields.find(({ odoo }) => odoo === key.within)
  return pair && fieldOn(pair, side)
}

/** Those of the fields that are stored with other records and watched there. */
export function fieldsToWatch(file: MappingFile, side: Side): readonly string[] {
  return file.definition.fields.filter((pair) => pair.watch).map((pair) => fieldOn(pair, side))
}

/**
 * The fields that a mapping reads on a side: mapped fields, key, match fields, what calculated values and conditions read,
 * and the field that archives a record (`capabilities.archive`, where it is known by then).
 */
export function fieldsToRead(file: MappingFile, side: Side, archiveField: string | null = null): readonly string[] {
  const { definition } = file
  const names = new Set([definition[side].key])
  for (const rule of definition.fields) {
    if (!isBundleName(fieldOn(rule, side))) names.add(fieldOn(rule, side))
    for (const name of fieldsRead(rule.value ?? '', side)) names.add(name)
  }
  for (const source of [whenFrom(file, side), ...definition.steps.map((step) => step.when)]) {
    for (const name of fieldsRead(source ?? '', side)) names.add(name)
  }
  for (const rule of definition.lines) names.add(fieldOn(rule, side))
  for (const rule of definition.match) names.add(fieldOn(rule, side))
  if (archiveField !== null) names.add(archiveField)
  return [...names]
}

/** Whether records of a side that have no partner are made on the other one. */
export function createsFrom(file: Pick<MappingFile, 'definition'>, side: Side): boolean {
  const { from_odoo, from_external } = file.definition.creates
  return (side === 'odoo' ? from_odoo : from_external) === 'always'
}

/** The condition under which records of a side are brought over. */
export function whenFrom(file: MappingFile, side: Side): string | undefined {
  const { from_odoo, from_external } = file.definition.when
  return side === 'odoo' ? from_odoo : from_external
}

/** The fields that hold lines, with what a mapping reads of each line. */
export function linesToRead(file: MappingFile, side: Side): Readonly<Record<string, LinesRequest>> {
  const entries = file.definition.lines.map((rule) => {
    const names = [...rule.key, ...rule.fields].map((pair) => fieldOn(pair, side))
    return [fieldOn(rule, side), { fields: [...new Set(names)] }] as const
  })
  return Object.fromEntries(entries)
}
