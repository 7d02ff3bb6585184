import { didYouMean } from '../mapping/suggestion.ts'

/** Where a value may come from besides the file itself. */
export interface Sources {
  readonly env: Readonly<Record<string, string | undefined>>
  /** The text of a file; throws where it cannot be read. */
  readonly readFile: (path: string) => string
}

export interface Substituted {
  readonly text: string
  /** What was put in from a file: secret, whatever the setting is called. */
  readonly secrets: readonly string[]
  /** The names of the variables that were put in, and what they held. */
  readonly variables: readonly { readonly name: string; readonly value: string }[]
  readonly problems: readonly string[]
}

const PLACEHOLDER = /\$\$\{|\$\{([^}]*)(\}?)/g
const VARIABLE = /^([A-Za-z_][A-Za-z0-9_]*)(?::-([\s\S]*))?$/

/** Whether the text holds a placeholder at all. */
export function hasPlaceholder(text: string): boolean {
  return text.includes('${')
}

/**
 * `text` with `${NAME}`, `${NAME:-default}` and `${file:/run/secrets/x}` filled in. A variable that is empty counts as
 * missing. `$${` stands for a plain `${`. What was put in is not looked at again.
 */
export function substitute(text: string, sources: Sources, resolvePath: (path: string) => string): Substituted {
  const problems: string[] = []
  const secrets: string[] = []
  const variables: { name: string; value: string }[] = []
  const result = text.replace(PLACEHOLDER, (whole, inner: string | undefined, closing: string | undefined) => {
    if (inner === undefined) return '${'
    if (closing === '') {
      problems.push(`"\${" without "}"`)
      return whole
    }
    if (inner.startsWith('file:')) {
      const secret = fromFile(resolvePath(inner.slice('file:'.length).trim()), sources, problems)
      secrets.push(secret)
      return secret
    }
    const match = VARIABLE.exec(inner)
    if (!match) {
      problems.push(`"\${${inner}}" is not understood: write \${NAME}, \${NAME:-default} or \${file:/run/secrets/name}`)
      return whole
    }
    const [, name = '', fallback] = match
    const value = sources.env[name]
    if (value !== undefined && value !== '') {
      variables.push({ name, value })
      return value
    }
    if (fallback !== undefined) return fallback
    problems.push(missingVariable(name, value, sources))
    return ''
  })
  return { text: result, secrets, variables, problems }
}

function missingVariable(name: string, value: string | undefined, sources: Sources): string {
  if (value === '') return `the environment variable ${name} is empty (write \${${name}:-} where it may be)`
  const known = Object.keys(sources.env).filter((candidate) => sources.env[candidate] !== undefined)
  return `the environment variable ${name} is not set${didYouMean(name, known)}`
}

function fromFile(path: string, sources: Sources, problems: string[]): string {
  try {
    const text = sources.readFile(path).replace(/\r?\n$/, '')
    if (text === '') problems.push(`the file ${path} is empty`)
    return text
  } catch (error) {
    problems.push(`the file ${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`)
    return ''
  }
}
