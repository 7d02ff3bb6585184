/** Tells the person at the terminal what takes the time. Standard error, so that standard output stays a script's. */
export function progress(message: string): void {
  process.stderr.write(`tandem: ${message}\n`)
}

/** Tells what went wrong, without the stack of a script that did what it could. */
export function tellFailure(error: unknown): void {
  for (let cause = error; cause instanceof Error; cause = cause.cause) progress(cause.message)
}
