import { html, raw } from 'hono/html'

/** A piece of a page. What is put into it is escaped, unless it is a piece itself. */
export type Html = ReturnType<typeof html>

export { html }

/** An attribute that is there or not, such as `checked`. */
export function attribute(name: string, isThere: boolean): Html {
  return isThere ? raw(` ${name}`) : raw('')
}

/** Nothing to show. */
export const NOTHING: Html = raw('')
