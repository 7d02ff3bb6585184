import { z } from 'zod'
import type { Fields } from '../../contract/value.ts'
import { duration } from '../duration.ts'
import { odooContext } from './settings.ts'

/** A domain in Odoo's prefix notation: leaves `[field, operator, value]` and the operators `&`, `|`, `!`. */
const domain = z.array(
  z.union([z.enum(['&', '|', '!']), z.tuple([z.string().min(1), z.string().min(1), z.json()])], {
    error: 'a domain is a list of [field, operator, value] and of the operators "&", "|" and "!"',
  }),
)

/** The `odoo:` block of a mapping, without what belongs to the engine. */
export const odooSpec = z.strictObject({
  model: z
    .string()
    .regex(/^[a-z0-9_]+(\.[a-z0-9_]+)*$/i, 'write the technical name of a model, such as res.partner')
    .describe('The technical name: `res.partner`.'),
  domain: domain
    .default([])
    .describe("Which records belong to the mapping, in Odoo's notation; what leaves it is treated by `on_exit`."),
  lang: z
    .string()
    .regex(/^[a-z]{2,3}(_[A-Z0-9]{2,3})?(@[a-z]+)?$/, 'write a language as Odoo does, such as fr_FR')
    .nullable()
    .default(null)
    .describe("The language in which translated fields are read and written; null: the connection's."),
  companies: z
    .array(z.int().min(1))
    .default([])
    .describe(
      "The companies to work in, by id; the first is the one whose values company-dependent fields show. Empty: the user's.",
    ),
  context: odooContext.default({}).describe("Added to the connection's context for this collection."),
  archive: z
    .string()
    .min(1)
    .nullable()
    .default('active')
    .describe('The boolean that is false for an archived record; null: this model cannot archive.'),
  lines: z
    .record(z.string(), z.strictObject({ domain: domain.default([]).describe('Which lines count.') }))
    .default({})
    .describe(
      "For a field that holds lines: only those within the domain are the record's lines; the others are left alone.",
    ),
  overlap: duration
    .prefault('10m')
    .describe('The longest transaction whose changes are captured for certain; the sweep finds those of longer ones.'),
  push: z
    .enum(['webhook', 'bus', 'none'])
    .default('webhook')
    .describe(
      'How Odoo tells of changes, once `tandem odoo hooks install` has made it so: it calls us (`webhook`), or we listen on its bus (`bus`, where it cannot reach us). The scans go on in any case.',
    ),
  apply: z
    .enum(['rpc', 'webhook'])
    .default('rpc')
    .describe(
      'How records are written: by calls, or through an incoming webhook of Odoo: the one that `tandem odoo hooks install` makes, or one that somebody made there.',
    ),
  webhook: z
    .url({ protocol: /^https?$/ })
    .meta({ secret: true })
    .nullable()
    .default(null)
    .describe('The address of that webhook, a secret. Absent: it is asked of Odoo, where our user may.'),
})

export type OdooSpec = z.output<typeof odooSpec>

/** What a collection adds to the connection's context. */
export function contextOf({ context, lang, companies }: OdooSpec): Fields {
  return {
    ...context,
    ...(lang === null ? {} : { lang }),
    ...(companies.length === 0 ? {} : { allowed_company_ids: companies }),
  }
}
