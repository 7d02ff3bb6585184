import type { App } from '../app.ts'
import { SyncError } from '../contract/error.ts'
import type { MappingFile } from '../mapping/mapping-file.ts'
import { didYouMean } from '../mapping/suggestion.ts'

/**
 * Where an operation is done: the daemon's own `App`, or in a command the configuration with the ledger opened beside
 * the daemon.
 */
export interface Site extends Pick<App, 'config' | 'files' | 'ledger' | 'clock'> {
  /** Tells whoever runs these mappings that something of them may have become due. */
  readonly wake: (mappings: readonly string[]) => void | Promise<void>
}

/** A record as a person names it: by its id on one side. */
export interface RecordName {
  readonly side: 'odoo' | 'external'
  readonly id: string
}

/** The mapping of this name. @throws SyncError `config` that says which there are. */
export function mappingNamed({ config, files }: Pick<Site, 'config' | 'files'>, name: string): MappingFile {
  const found = files.find((file) => file.name === name)
  if (found) return found
  const names = files.map((file) => file.name)
  const known = names.length === 0 ? `no *.yaml is in ${config.mappings}` : `there are ${names.join(', ')}`
  throw new SyncError('config', `There is no mapping "${name}"${didYouMean(name, names)}; ${known}.`)
}

/** @throws SyncError `config` that says which there are. */
export function checkConnectionName({ config }: Pick<Site, 'config'>, name: string): void {
  const names = [...config.connections.keys()]
  if (names.includes(name)) return
  const known = `there are ${names.join(', ')}`
  throw new SyncError('config', `There is no connection "${name}"${didYouMean(name, names)}; ${known}.`)
}

/** The configured mappings that were ever run, so that the ledger knows them: one of them, or all. @throws SyncError `config` */
export async function knownMappings(site: Site, name: string | null): Promise<readonly string[]> {
  const wanted = name === null ? site.files.map((file) => file.name) : [mappingNamed(site, name).name]
  const known = new Set(await site.ledger.mappings())
  return wanted.filter((each) => known.has(each))
}

/** @throws SyncError `config` where the mapping is not configured or has never run. */
export async function checkHasRun(site: Site, name: string): Promise<void> {
  if ((await knownMappings(site, name)).length > 0) return
  throw new SyncError('config', `The mapping ${name} has not run yet.`, { hint: 'Begin with: tandem sync --dry-run.' })
}
