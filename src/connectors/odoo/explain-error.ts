import { SyncError } from '../../contract/error.ts'
import type { Access } from './capabilities.ts'
import { ownField } from './field-name.ts'
import type { OdooModel } from './model.ts'
import { fetchFields } from './schema.ts'
import { pythonName } from './transport/odoo-fault.ts'

/** What Odoo raises for a field that is not there, and for much else. */
const MAY_BE_A_MISSING_FIELD = new Set(['builtins.ValueError', 'builtins.KeyError', 'builtins.AttributeError'])

/**
 * While a module or a custom field is being installed, Odoo swaps its registry under the running calls, and any of them
 * may fail with one of these; the next one works.
 */
const MAY_BE_A_NEW_REGISTRY = new Set(['builtins.KeyError', 'builtins.AttributeError'])

/**
 * Settles what a class name leaves open by asking Odoo: is it the record that is forbidden or the whole model, is it the
 * value that is wrong or the field that is gone. Gives the error to throw. Asks only after an error, and once.
 * @param count how many records the call was about; 0 for a read.
 */
export async function explainError(
  error: unknown,
  model: OdooModel,
  access: Access,
  count: number,
  signal: AbortSignal,
): Promise<unknown> {
  const name = pythonName(error)
  if (name === 'odoo.exceptions.AccessError' && error instanceof SyncError) {
    if (await model.connection.capabilities.mayAccess(model.name, access, signal)) return error
    return new SyncError('forbidden', `Our user may not ${access} ${model.name} at all`, {
      cause: error.cause,
      hint: `Give the user a group in Odoo that may ${access} ${model.name}.`,
    })
  }
  if (name === null || !MAY_BE_A_MISSING_FIELD.has(name) || !(error instanceof SyncError)) return error
  model.forgetShape()
  try {
    await fetchFields(model.connection, model.name, [...model.fieldNames.map(ownField), ...domainFields(model)], signal)
  } catch (schemaError) {
    if (schemaError instanceof SyncError && schemaError.code === 'schema') return schemaError
  }
  // A batch that is refused is halved and sent again, which outlasts a change of the registry. One record is not.
  if (MAY_BE_A_NEW_REGISTRY.has(name) && count < 2) return withCode('server', error)
  // Reading holds no values but those of the filter.
  return count === 0 ? withCode('config', error) : error
}

function withCode(code: 'server' | 'config', error: SyncError): SyncError {
  return new SyncError(code, error.message, {
    cause: error.cause,
    hint:
      code === 'config'
        ? 'Correct the domain of the mapping.'
        : 'If it stays so, look for the exception in the log of Odoo: one of its modules fails.',
  })
}

/** The collection's filter, too, names fields: the first part of each path. */
function domainFields(model: OdooModel): string[] {
  const names: string[] = []
  for (const leaf of model.spec.domain) {
    if (typeof leaf !== 'string') names.push(leaf[0].split('.')[0] ?? leaf[0])
  }
  return names.filter((name) => name !== 'id')
}
