/** An error as a JSON-2 call answers it: the Python class, the message, and the status that Odoo gives to that class. */
export class OdooError extends Error {
  override readonly name: string
  readonly status: number
  readonly arguments: readonly unknown[]

  constructor(name: string, status: number, message: string, args: readonly unknown[] = [message]) {
    super(message)
    this.name = name
    this.status = status
    this.arguments = args
  }
}

export function accessError(message: string): OdooError {
  return new OdooError('odoo.exceptions.AccessError', 403, message)
}

export function missingError(model: string, ids: readonly number[], uid: number): OdooError {
  return new OdooError(
    'odoo.exceptions.MissingError',
    404,
    `Record does not exist or has been deleted.\n(Record: ${model}(${ids.join(', ')}${ids.length === 1 ? ',' : ''}), User: ${uid})`,
  )
}

export function validationError(message: string): OdooError {
  return new OdooError('odoo.exceptions.ValidationError', 422, message)
}

export function userError(message: string): OdooError {
  return new OdooError('odoo.exceptions.UserError', 422, message)
}

/** An error of the database that Odoo passes on as it is. */
export function postgresError(name: string, message: string): OdooError {
  return new OdooError(`psycopg2.errors.${name}`, 500, message)
}

export type PythonErrorName = 'ValueError' | 'KeyError' | 'TypeError' | 'AttributeError' | 'AssertionError'

/** A Python exception that Odoo does not expect: always a 500. */
export function pythonError(name: PythonErrorName, message: string): OdooError {
  return new OdooError(`builtins.${name}`, 500, message)
}

/** An error of the web server below Odoo: its `arguments` are the description and the status. */
export function httpError(name: string, status: number, description: string): OdooError {
  return new OdooError(`werkzeug.exceptions.${name}`, status, description, [description, status])
}

/** A value as Python prints it: several of Odoo's messages contain one. */
export function pythonRepr(value: unknown): string {
  if (value === null || value === undefined) return 'None'
  if (value === true) return 'True'
  if (value === false) return 'False'
  if (typeof value === 'string') return `'${value}'`
  if (Array.isArray(value)) return `[${value.map(pythonRepr).join(', ')}]`
  if (typeof value === 'object') {
    return `{${Object.entries(value)
      .map(([key, item]) => `'${key}': ${pythonRepr(item)}`)
      .join(', ')}}`
  }
  return String(value)
}
