import { first } from './0001-first.ts'

/** In order, and only ever appended to: the position plus one is the schema's number. */
export const MIGRATIONS: readonly string[] = [first]
