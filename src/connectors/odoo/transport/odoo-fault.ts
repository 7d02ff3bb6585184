/** What Odoo said went wrong, as the cause of a SyncError. Without its traceback, which may hold values and paths. */
export class OdooFault extends Error {
  override readonly name = 'OdooFault'
  /** The Python class with its module: "odoo.exceptions.MissingError". */
  readonly pythonName: string
  readonly status: number

  constructor(pythonName: string, status: number) {
    super(`${pythonName} (HTTP ${status})`)
    this.pythonName = pythonName
    this.status = status
  }
}

/** The Python class that an error came from, or null where it did not come from Odoo's own code. */
export function pythonName(error: unknown): string | null {
  return error instanceof Error && error.cause instanceof OdooFault ? error.cause.pythonName : null
}

/** Whether a record of the call may be gone. XML-RPC tells only that it was an error meant for people. */
export function mayBeMissing(error: unknown): boolean {
  const name = pythonName(error)
  return name === 'odoo.exceptions.MissingError' || name === 'odoo.exceptions.UserError'
}
