/**
 * `odoo-tandem/contract`: everything that the author of a connector or of a transform needs, and nothing else. Each file
 * beside this one is one concept; start with connector.ts.
 */
export type { Caller, RelatedRequest } from './caller.ts'
export * from './change.ts'
export * from './connector.ts'
export * from './content.ts'
export * from './error.ts'
export type * from './feed.ts'
export type * from './hooks.ts'
export type * from './sink.ts'
export * from './transform.ts'
export type * from './value.ts'
