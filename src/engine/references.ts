import type { RecordId } from '../contract/change.ts'
import type { Fields, Value } from '../contract/value.ts'
import type { Link } from '../ledger/link.ts'
import { keyText } from '../mapping/key.ts'
import { type FieldRule, fieldOn, type LinkReference, type References, type Side } from '../mapping/mapping.ts'
import type { Context } from './context.ts'

/** The fields of a record on a side that is about to be translated. */
export interface SideFields {
  readonly side: Side
  readonly fields: Fields
}

const NO_REFERENCES: References = { link: () => undefined, lookup: () => undefined }

/** Fetches in a few calls what the references in these records point to, so that translating them is pure. */
export async function resolveReferences(
  context: Context,
  records: readonly SideFields[],
  signal: AbortSignal,
): Promise<References> {
  const rules = referringRules(context)
  if (rules.length === 0) return NO_REFERENCES
  const links = new Map<string, Link>()
  for (const { rule, lines } of rules) {
    const { reference } = rule
    if (reference === null) continue
    const values = {
      odoo: referredBy(rule, lines, records, 'odoo'),
      external: referredBy(rule, lines, records, 'external'),
    }
    if (reference.kind === 'link') await loadLinks(context, reference, values, links)
    else {
      const keySide: Side = reference.side === 'odoo' ? 'external' : 'odoo'
      await context.lookups.load(reference, values[reference.side], values[keySide], signal)
    }
  }
  return {
    link: (reference, from, value) => linkedValue(reference, from, links.get(linkName(reference, from, String(value)))),
    lookup: (reference, from, value) =>
      from === reference.side ? context.lookups.keyOf(reference, value) : context.lookups.idOf(reference, value),
  }
}

/** The ids or keys that a pair holds in records of a side, each once. Many records hold the same value. */
function referredBy(
  rule: FieldRule,
  lines: FieldRule | undefined,
  records: readonly SideFields[],
  side: Side,
): readonly Value[] {
  const name = fieldOn(rule, side)
  const held = new Set<Value>()
  for (const record of records) {
    if (record.side !== side) continue
    if (!lines) held.add(record.fields[name] ?? null)
    else for (const fields of linesOf(lines, record)) held.add(fields[name] ?? null)
  }
  const distinct = new Set<Value>()
  for (const value of held) for (const each of rule.referred(side, value)) distinct.add(each)
  return [...distinct]
}

/** The pairs that refer to other records, those of lines with the pair that holds the lines. */
function referringRules({ mapping }: Context): readonly { readonly rule: FieldRule; readonly lines?: FieldRule }[] {
  return mapping.fields.flatMap((rule) => {
    if (!rule.lines) return rule.reference === null ? [] : [{ rule }]
    return rule.lines.fields.filter((each) => each.reference !== null).map((each) => ({ rule: each, lines: rule }))
  })
}

/** The lines that a record has; none where the field holds something else. */
function linesOf(rule: FieldRule, { side, fields }: SideFields): readonly Fields[] {
  const value = fields[fieldOn(rule, side)]
  return Array.isArray(value) ? value.filter((line): line is Fields => typeof line === 'object' && line !== null) : []
}

async function loadLinks(
  context: Context,
  reference: LinkReference,
  values: Readonly<Record<Side, readonly Value[]>>,
  links: Map<string, Link>,
): Promise<void> {
  const { ledger } = context
  // A mapping that never ran has linked nothing.
  if (!(await ledger.mappings()).includes(reference.mapping)) return
  const byId = async (side: Side, ids: readonly RecordId[]): Promise<void> => {
    if (ids.length === 0) return
    const found = await ledger.links(reference.mapping, side, ids)
    const others = ids.filter((id) => found.get(id)?.state !== 'live')
    const survivors = others.length > 0 ? await ledger.survivors(reference.mapping, side, others) : []
    for (const [id, link] of [...found, ...survivors]) links.set(linkName(reference, side, id), link)
  }
  await byId('odoo', values.odoo.map(String))
  if (reference.by === 'id') return byId('external', values.external.map(String))
  const keys = values.external.map((value) => keyText(value) ?? '')
  if (keys.length === 0) return
  for (const [key, found] of await ledger.linksByKey(reference.mapping, keys)) {
    // Within two companies, a key may name two records: then it names none.
    const [only, ...others] = found.filter((link) => link.state === 'live')
    if (only && others.length === 0) links.set(linkName(reference, 'external', key), only)
  }
}

function linkedValue(reference: LinkReference, from: Side, link: Link | undefined): Value | undefined {
  if (link?.state !== 'live') return undefined
  if (from === 'external') return link.odooId
  return reference.by === 'key' ? (link.key ?? undefined) : link.externalId
}

function linkName(reference: LinkReference, side: Side, name: string): string {
  return `${reference.mapping} ${side} ${name}`
}
