import type { Schema } from '../contract/connector.ts'
import type { Direction, Side } from '../mapping/mapping.ts'
import type { ProposedPair } from './propose-fields.ts'
import type { ProposedKey } from './propose-key.ts'

/** Everything that a mapping file says. */
export interface MappingDraft {
  readonly name: string
  readonly connections: Readonly<Record<Side, string>>
  readonly odooModel: string
  /** A table or a resource; of a second Odoo, a model. */
  readonly collection: string
  /** `described`: what a collection is stands in the connection, and the mapping only names it. */
  readonly externalKind: 'table' | 'model' | 'described'
  readonly key: ProposedKey
  readonly pairs: readonly ProposedPair[]
  readonly direction: Direction
  readonly schemas: Readonly<Record<Side, Schema>>
  /** Under which the schema for editors is found; null: it is not named. */
  readonly schemaFile: string | null
}

const ARCHIVES: readonly (readonly [column: string, value: boolean])[] = [
  ['archived', true],
  ['is_archived', true],
  ['deleted', true],
  ['is_deleted', true],
  ['inactive', true],
  ['active', false],
  ['is_active', false],
  ['enabled', false],
]

/** Keeps Odoo's own users and companies out of what goes to a shop. */
const DOMAINS: Readonly<Record<string, { readonly field: string; readonly domain: string }>> = {
  'res.partner': { field: 'partner_share', domain: '[[partner_share, "=", true]]' },
}

/** A mapping file with comments, ready to be checked and changed by a person. */
export function mappingText(draft: MappingDraft): string {
  const { name, connections, odooModel, key, direction, schemaFile } = draft
  const filter = DOMAINS[odooModel]
  const domain = filter && draft.schemas.odoo.fields.has(filter.field) ? filter.domain : null
  const lines = [
    ...(schemaFile === null ? [] : [`# yaml-language-server: $schema=${schemaFile}`]),
    `# ${odooModel} of Odoo and ${draft.collection} of ${connections.external}, proposed by tandem init. Look through it,`,
    '# then: tandem check, tandem sync --dry-run. mappings/customers.yaml of Tandem explains every key.',
    `mapping: ${name}`,
    '',
    'odoo:',
    `  connection: ${connections.odoo}`,
    `  model: ${odooModel}`,
    ...(domain ? [`  domain: ${domain} # which records: take it out for all`] : []),
    `  key: ${key.odoo} # names the same record on both sides: ${key.reason}`,
    '',
    'external:',
    `  connection: ${connections.external}`,
    ...collectionLines(draft),
    `  key: ${scalar(key.external)}`,
    '',
    ...(key.generate === null
      ? []
      : [
          '# How a record that has no key yet gets one, on the side where it was made.',
          'key:',
          `  generate: "${key.generate}"`,
          '',
        ]),
    ...matchLines(draft),
    `direction: ${direction} # both, to-odoo or from-odoo`,
    '',
    'fields:',
    ...fieldLines(draft),
    '',
    ...unmatchedLines(draft),
    '# Who wins where both sides changed the same field: odoo, external, newest or manual (a person decides).',
    'conflict: newest',
    '',
    ...deleteLines(draft),
  ]
  return `${lines.join('\n')}\n`
}

function collectionLines(draft: MappingDraft): readonly string[] {
  const { collection, externalKind } = draft
  if (externalKind === 'model') return [`  model: ${collection}`]
  const archive = archiveOf(draft)
  if (!archive) return [`  collection: ${scalar(collection)}`]
  const [column, value] = archive
  return [
    '  collection:',
    `    table: ${scalar(collection)}`,
    `    archive: { column: ${scalar(column)}, value: ${value} } # how a row is archived`,
  ]
}

function archiveOf({ schemas, externalKind }: MappingDraft): readonly [string, boolean] | null {
  if (externalKind === 'described') return null
  const { fields } = schemas.external
  return ARCHIVES.find(([column]) => fields.get(column)?.type === 'boolean') ?? null
}

function matchLines({ pairs, key }: MappingDraft): readonly string[] {
  const email = pairs.find(({ odoo, isSure }) => odoo === 'email' && isSure)
  if (!email || key.odoo === 'email') return []
  return [
    '# Where both sides have records already, one whose key is not found is looked for by this.',
    'match:',
    `  - { odoo: email, external: ${scalar(email.external)}, fold: [case, space] }`,
    '',
  ]
}

function fieldLines(draft: MappingDraft): readonly string[] {
  const { key } = draft
  const archive = archiveOf(draft)?.[0]
  // A pair that the key has taken a field of, or that archiving writes, is said already.
  const pairs = draft.pairs.filter(
    ({ odoo, external }) => odoo !== key.odoo && external !== key.external && external !== archive,
  )
  const sure = pairs.filter(({ isSure }) => isSure).map((pair) => `  - ${pairText(draft, pair)}`)
  const unsure = pairs.filter(({ isSure }) => !isSure).map((pair) => `  # - ${pairText(draft, pair)} # ${pair.reason}?`)
  const own = sure.length > 0 ? sure : [`  - ${pairText(draft, { ...EMPTY, odoo: key.odoo, external: key.external })}`]
  return unsure.length === 0 ? own : [...own, '  # Not sure enough to do it without you:', ...unsure]
}

const EMPTY: ProposedPair = { odoo: '', external: '', isSure: true, reason: '', direction: 'both', lookup: null }

function pairText({ direction: whole }: MappingDraft, { odoo, external, direction, lookup }: ProposedPair): string {
  const parts = [`odoo: ${scalar(odoo)}`, `external: ${scalar(external)}`]
  if (direction !== 'both' && whole === 'both') parts.push(`direction: ${direction}`)
  if (lookup) parts.push(`lookup: { model: ${lookup.model}, by: ${lookup.by} }`)
  return `{ ${parts.join(', ')} }`
}

/** What the other side has and nothing of Odoo goes with: a person may know better. */
function unmatchedLines(draft: MappingDraft): readonly string[] {
  const { pairs, key, schemas } = draft
  const known = new Set([...pairs.map(({ external }) => external), key.external, archiveOf(draft)?.[0]])
  const open = [...schemas.external.fields.values()].filter(({ name, isAssigned }) => !known.has(name) && !isAssigned)
  if (open.length === 0) return []
  const names = open.map(({ name, isRequired }) => (isRequired ? `${name} (required)` : name)).join(', ')
  return [`# Nothing in Odoo was found for: ${names}`, '']
}

function deleteLines(draft: MappingDraft): readonly string[] {
  const { schemas, direction } = draft
  const onExternal = archiveOf(draft) ? 'archive' : 'ignore'
  const onOdoo = schemas.odoo.fields.has('active') ? 'archive' : 'ignore'
  const policies = [
    ...(direction === 'to-odoo' ? [] : [`from_odoo: ${onExternal}`]),
    ...(direction === 'from-odoo' ? [] : [`from_external: ${onOdoo}`]),
  ]
  return ['# What a delete does on the other side: ignore, archive or delete.', `deletes: { ${policies.join(', ')} }`]
}

/** As YAML reads it back as the same text. */
function scalar(text: string): string {
  return /^[A-Za-z_][\w.-]*$/.test(text) && !/^(?:true|false|null|yes|no|on|off|y|n)$/i.test(text)
    ? text
    : JSON.stringify(text)
}
