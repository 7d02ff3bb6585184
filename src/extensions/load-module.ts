import { registerHooks } from 'node:module'
import { isAbsolute, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** What a user's code imports to be ours: always this program's own copy, so that its errors are known for what they are. */
const CONTRACT = 'odoo-tandem/contract'
const CONTRACT_URL = import.meta.resolve(
  import.meta.url.endsWith('.ts') ? '../contract/index.ts' : '../contract/index.js',
)
/** Marks a package that is to be looked for from a user's folder instead of from here. */
const PACKAGE = 'tandem-package:'

let areHooksThere = false

function addHooks(): void {
  if (areHooksThere) return
  areHooksThere = true
  registerHooks({
    resolve(specifier, context, next) {
      if (specifier === CONTRACT) return { url: CONTRACT_URL, shortCircuit: true }
      if (!specifier.startsWith(PACKAGE)) return next(specifier, context)
      const [name = '', folder = ''] = specifier.slice(PACKAGE.length).split('#').map(decodeURIComponent)
      return next(name, { ...context, parentURL: pathToFileURL(join(folder, 'package.json')).href })
    },
  })
}

/** Whether `code` names a file and not a package. */
export function isFileName(code: string): boolean {
  return /^\.{1,2}[\\/]/.test(code) || isAbsolute(code)
}

export type LoadedModule =
  | { readonly exports: Readonly<Record<string, unknown>> }
  /** `isMissing`: there is no such file or package. Otherwise it is there, and cannot be run. */
  | { readonly error: string; readonly isMissing: boolean }

/** Loads a user's own code: a file relative to `folder` (TypeScript as it is written), or a package installed there. */
export async function loadModule(code: string, folder: string): Promise<LoadedModule> {
  addHooks()
  const url = isFileName(code)
    ? pathToFileURL(resolve(folder, code)).href
    : `${PACKAGE}${encodeURIComponent(code)}#${encodeURIComponent(resolve(folder))}`
  try {
    return { exports: (await import(url)) as Readonly<Record<string, unknown>> }
  } catch (error) {
    if (isNotFound(error, url, code)) {
      const what = isFileName(code) ? `there is no file ${resolve(folder, code)}` : `no package "${code}" is installed`
      return { error: what, isMissing: true }
    }
    const reason = error instanceof Error ? error.message : String(error)
    return { error: `${code} cannot be loaded: ${reason.split('\n')[0]}`, isMissing: false }
  }
}

/** Whether the code itself was not found, as opposed to something that it imports. */
function isNotFound(error: unknown, url: string, code: string): boolean {
  const { code: errorCode, message, url: missing } = error as { code?: string; message?: string; url?: string }
  if (errorCode !== 'ERR_MODULE_NOT_FOUND') return false
  return isFileName(code) ? missing === url || !!message?.includes(`'${fileURLToPath(url)}'`) : missing === undefined
}
