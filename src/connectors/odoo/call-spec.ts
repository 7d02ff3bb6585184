import { z } from 'zod'
import { SyncError } from '../../contract/error.ts'
import type { Value } from '../../contract/value.ts'

const name = z.string().regex(/^[a-z_][\w.]*$/i, 'expected a name as Odoo writes it')
/** Odoo itself refuses to call a method whose name begins with an underscore. */
const method = name.refine((one) => !one.startsWith('_'), 'a method that begins with _ is private: Odoo refuses it')
const map = z.record(z.string(), z.json())
/** Ids, or the expression that gives them. */
const ids = z.union([z.string().startsWith('='), z.int(), z.array(z.union([z.int(), z.string().startsWith('=')]))])

/** What to do with a wizard that Odoo opens in answer to a call. */
const answer = z.strictObject({ method, values: map.default({}), context: map.default({}) })

const methodCall = z.strictObject({
  method,
  /** Another model than the record's own. */
  model: name.optional(),
  /** The records that it is called on: the record itself unless given; none of another model. */
  ids: ids.optional(),
  /** By the method's Python names. */
  args: map.default({}),
  context: map.default({}),
  /** By the wizard's model. */
  answers: z.record(z.string(), answer).default({}),
})

const wizardCall = z.strictObject({
  wizard: name,
  values: map.default({}),
  method,
  args: map.default({}),
  /** On top of active_model, active_id and active_ids, which name the record. */
  context: map.default({}),
  answers: z.record(z.string(), answer).default({}),
})

const routeCall = z.strictObject({
  /** A controller of type json (jsonrpc from Odoo 19 on). */
  route: z.string().startsWith('/', 'expected a path that begins with /'),
  params: map.default({}),
})

export type MethodCall = z.output<typeof methodCall>
export type WizardCall = z.output<typeof wizardCall>
type RouteCall = z.output<typeof routeCall>
export type OdooCallSpec =
  | ({ readonly kind: 'method' } & MethodCall)
  | ({ readonly kind: 'wizard' } & WizardCall)
  | ({ readonly kind: 'route' } & RouteCall)

/** @throws SyncError `config` that says what is wrong in the call. */
export function parseCall(call: Value): OdooCallSpec {
  const keys = typeof call === 'object' && call !== null && !Array.isArray(call) ? Object.keys(call) : []
  const kind = keys.includes('wizard') ? 'wizard' : keys.includes('route') ? 'route' : 'method'
  const parsed =
    kind === 'wizard'
      ? wizardCall.transform((spec) => ({ kind: 'wizard' as const, ...spec })).safeParse(call)
      : kind === 'route'
        ? routeCall.transform((spec) => ({ kind: 'route' as const, ...spec })).safeParse(call)
        : methodCall.transform((spec) => ({ kind: 'method' as const, ...spec })).safeParse(call)
  if (parsed.success) return parsed.data
  const faults = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'call'}: ${issue.message}`)
  throw new SyncError('config', faults.join('; '), {
    cause: parsed.error,
    hint: 'A call of Odoo has method, or wizard and method, or route.',
  })
}
