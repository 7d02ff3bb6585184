import { SyncError } from '../../contract/error.ts'
import type { Invocation } from '../invocation.ts'

/** A setting as config.yaml has it, and its value. */
export interface Setting {
  readonly name: string
  /** In config.yaml: the value itself, or with a placeholder. */
  readonly written: string | object
  readonly value: string | object
  /** To be kept in this file of its own; null: somebody keeps it already, or it is no secret. */
  readonly secretFile: { readonly path: string; readonly text: string } | null
}

export function fromEnvironment({ env }: Invocation, name: string, variable: string): Setting {
  const value = env[variable]
  if (value === undefined || value === '')
    throw new SyncError('config', `The environment variable ${variable} is not set.`)
  return { name, written: placeholder(variable), value, secretFile: null }
}

export function kept(name: string, value: string, file: string): Setting {
  const secretFile = { path: `secrets/${file}`, text: value }
  return { name, written: placeholder(`file:./secrets/${file}`), value, secretFile }
}

export function plain(name: string, value: string): Setting {
  return { name, written: value.replaceAll('${', '$${'), value, secretFile: null }
}

export function placeholder(inner: string): string {
  return ['$', '{', inner, '}'].join('')
}
