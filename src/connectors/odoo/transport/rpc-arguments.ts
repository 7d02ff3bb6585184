import type { Fields, Value } from '../../../contract/value.ts'
import type { OdooCall } from './transport.ts'

/**
 * Arguments that go by their place, because their Python names differ between versions and models: `search(args)` and
 * `default_get(fields_list)` before 17, `write(values)` in some models. `create` takes nothing else: Odoo looks at its
 * first positional argument to decide what to answer.
 */
const BY_PLACE: Readonly<Record<string, readonly string[]>> = {
  create: ['vals_list'],
  write: ['vals'],
  search: ['domain'],
  search_count: ['domain'],
  default_get: ['fields'],
  load: ['fields', 'data'],
  has_group: ['group_ext_id'],
  web_save_multi: ['vals_list', 'specification'],
}

/** A call by Python names as `execute_kw` and `call_kw` take it: the records first, then what goes by its place. */
export function rpcArguments({ method, args }: OdooCall): { readonly args: Value[]; readonly kwargs: Fields } {
  const { ids, ...named } = args
  const kwargs: Record<string, Value> = named
  const positional: Value[] = ids === undefined ? [] : [ids]
  for (const name of BY_PLACE[method] ?? []) {
    const value = kwargs[name]
    if (value === undefined) break
    positional.push(value)
    delete kwargs[name]
  }
  return { args: positional, kwargs }
}
