import { z } from 'zod'

/** What a value is on the Odoo side (as text) and what it is on the external side. */
export const valueMapSchema = z
  .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]))
  .refine((map) => Object.keys(map).length > 0, 'expected at least one pair of values')

export const NAMED_TRANSFORMS = [
  'not',
  'trim',
  'upper',
  'lower',
  'digits',
  'phone',
  'text',
  'number',
  'cents',
  'epoch_s',
  'epoch_ms',
] as const
export type NamedTransform = (typeof NAMED_TRANSFORMS)[number]

const length = z.int().min(1)

/** Exactly one of these; `name` goes with `code`. */
const settings = z.strictObject({
  map: valueMapSchema.optional().describe('Which value of Odoo becomes which.'),
  prefix: z.string().min(1).optional().describe('Text in front of the value on the other side.'),
  suffix: z.string().min(1).optional().describe('Text behind it.'),
  date: z.string().min(1).optional().describe('How a date is written as text on the other side.'),
  empty: z.json().optional().describe('What stands for an empty value on the other side.'),
  default: z.json().optional().describe('What is written in place of an empty value.'),
  round: z.int().min(0).max(15).optional().describe('To so many digits.'),
  truncate: length.optional().describe('To so many characters.'),
  code: z.string().min(1).optional().describe("The user's own: a file, relative to the mapping's, or a package."),
  name: z.string().min(1).optional().describe('What the code exports it as; `default` if absent.'),
})
export type TransformSettings = z.output<typeof settings>

const transform = z
  .union([
    z.enum(NAMED_TRANSFORMS),
    settings
      .refine((chosen) => chosen.name === undefined || chosen.code !== undefined, {
        error: 'name says what the code exports: it needs code: <file>',
        when: ({ issues }) => issues.length === 0,
      })
      .refine((chosen) => Object.keys(chosen).filter((key) => key !== 'name').length === 1, {
        error: 'expected one transform here; several are a list',
        when: ({ issues }) => issues.length === 0,
      }),
  ])
  .meta({ title: 'transform' })
export type TransformDefinition = z.output<typeof transform>

/** One or several transforms, in the order from Odoo to the external side. */
export const transformListSchema = z.union([
  transform.transform((one) => [one]),
  z.array(transform).min(1, 'expected at least one transform'),
])
