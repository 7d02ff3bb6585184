import { readdirSync, readFileSync } from 'node:fs'
import { dirname, isAbsolute, join } from 'node:path'
import type { Locate, Path, Position } from '../mapping/problem.ts'
import type { AlertSettings } from './alerts-schema.ts'
import { ConfigError } from './config-error.ts'
import { configSchema } from './config-schema.ts'
import { parseFile } from './parse.ts'
import { createRedactor, type Redactor } from './redact.ts'
import type { Sources } from './substitute.ts'
import type { WebhookSettings } from './webhook-schema.ts'

export interface LoadOptions {
  /** As the operator wrote it. Paths inside the file are relative to its folder. */
  readonly file: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly readFile?: (path: string) => string
  /** The names of the files in a folder. */
  readonly listFolder?: (path: string) => readonly string[]
}

export interface ConnectionConfig {
  readonly name: string
  readonly type: string
  /** How the system tells of changes at `/hooks/<name>`; null: it does not. */
  readonly webhooks: WebhookSettings | null
  /** Everything else but the type, as the file has it, with placeholders filled in. The connector checks it. */
  readonly settings: Readonly<Record<string, unknown>>
  /** Where a setting stands: `locate(['url'])`. */
  locate(path: Path): Position
}

export interface Config {
  readonly file: string
  readonly ledger: { readonly file: string }
  /** The folder of the mapping files. */
  readonly mappings: string
  readonly connections: ReadonlyMap<string, ConnectionConfig>
  readonly server: {
    /** null: nothing listens. */
    readonly listen: { readonly host: string; readonly port: number } | null
    readonly token: string | null
    readonly hosts: readonly string[]
    /** Without a slash at the end. */
    readonly publicUrl: string | null
    /** The first makes the addresses of hooks; the others' are accepted too. */
    readonly hookSecrets: readonly string[]
  }
  readonly alerts: AlertSettings
  readonly log: {
    readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent'
    readonly format: 'auto' | 'json' | 'pretty'
  }
  readonly history: { readonly keepsValues: boolean; readonly keepMs: number }
  readonly limits: {
    readonly shutdownMs: number
    readonly inDoubtMs: number
  }
  readonly locate: Locate
  /** Knows every secret that was read. */
  readonly redactor: Redactor
  /** What mapping files are read with. */
  readonly sources: Sources & { readonly listFolder: (path: string) => readonly string[] }
}

/** Reads `config.yaml`. @throws ConfigError with every problem of the file. */
export function loadConfig(options: LoadOptions): Config {
  const { file, env } = options
  const readFile = options.readFile ?? ((path) => readFileSync(path, 'utf8'))
  const listFolder = options.listFolder ?? ((path) => readdirSync(path))
  const redactor = createRedactor()
  const sources = { env, readFile, listFolder }
  const parsed = parseFile(configSchema, { file, text: readConfigText(file, readFile), sources, redactor })
  if (parsed.value === null) throw new ConfigError(parsed.problems, redactor.redact)
  const { value } = parsed
  const { locate } = parsed.document
  const folder = dirname(file)
  const resolve = (path: string): string => (isAbsolute(path) ? path : join(folder, path))
  for (const { webhooks } of Object.values(value.connections))
    for (const secret of webhooks?.secrets ?? []) redactor.add(secret)
  const connections = Object.entries(value.connections).map(
    ([name, { type, webhooks = null, ...settings }]): [string, ConnectionConfig] => [
      name,
      { name, type, webhooks, settings, locate: (path) => locate(['connections', name, ...path]) },
    ],
  )
  return {
    file,
    ledger: { file: resolve(value.ledger.file) },
    mappings: resolve(value.mappings),
    connections: new Map(connections),
    server: {
      listen: value.server.listen,
      token: value.server.token ?? null,
      hosts: value.server.hosts,
      publicUrl: value.server.public_url?.replace(/\/+$/, '') ?? null,
      hookSecrets: [value.server.hook_secret, value.server.previous_hook_secret].filter((each) => each !== undefined),
    },
    alerts: value.alerts,
    log: value.log,
    history: { keepsValues: value.history.values, keepMs: value.history.keep },
    limits: {
      shutdownMs: value.limits.shutdown,
      inDoubtMs: value.limits.in_doubt,
    },
    locate,
    redactor,
    sources,
  }
}

function readConfigText(file: string, readFile: (path: string) => string): string {
  try {
    return readFile(file)
  } catch (error) {
    const isFolder = error instanceof Error && 'code' in error && error.code === 'EISDIR'
    const reason = error instanceof Error ? error.message : String(error)
    const message = isFolder
      ? 'this is a folder; --config takes the file in it, such as config.yaml'
      : `the configuration cannot be read: ${reason}`
    throw new ConfigError([{ file, line: 1, column: 1, severity: 'error', path: '', message }])
  }
}
