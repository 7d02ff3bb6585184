import { isAbsolute, join } from 'node:path'
import { parseDocument } from 'yaml'

/** Where a setting of the configuration gets its value from. */
export type SecretOrigin =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'variable'; readonly name: string }
  /** It stands in the configuration itself, or is put together from several parts. */
  | { readonly kind: 'text' }

/** @param folder the configuration file's: paths are relative to it. */
export function secretOrigin(configText: string, path: readonly string[], folder: string): SecretOrigin {
  const value: unknown = parseDocument(configText, { version: '1.2' }).getIn(path)
  const [, inner] = /^\$\{([^}]*)\}$/.exec(typeof value === 'string' ? value.trim() : '') ?? []
  if (inner === undefined) return { kind: 'text' }
  if (inner.startsWith('file:')) {
    const file = inner.slice('file:'.length).trim()
    return { kind: 'file', path: isAbsolute(file) ? file : join(folder, file) }
  }
  return { kind: 'variable', name: inner.split(':-')[0] ?? inner }
}
