import { existsSync } from 'node:fs'
import { readSetup, type Setup } from '../app.ts'
import { SyncError } from '../contract/error.ts'
import type { MappingFile } from '../mapping/mapping-file.ts'
import { mappingNamed } from '../operations/site.ts'
import type { Invocation } from './invocation.ts'

/** Reads the configuration and the mappings, and keeps their secrets out of the terminal. @throws ConfigError, SyncError */
export function setupOf({ config, env, terminal }: Invocation): Setup {
  if (!existsSync(config)) {
    throw new SyncError('config', `There is no configuration file ${config}.`, {
      hint: 'Make one with: tandem init. Or name another with --config. To see Tandem work without any: tandem demo.',
    })
  }
  const setup = readSetup(config, env)
  terminal.redactWith(setup.config.redactor.redact)
  return setup
}

/** The mappings of these names, or all. @throws SyncError `config` when one is unknown, or there are none at all. */
export function mappingsNamed(setup: Setup, names: readonly string[]): readonly MappingFile[] {
  if (names.length > 0) return [...new Set(names)].map((name) => mappingNamed(setup, name))
  if (setup.files.length > 0) return setup.files
  throw new SyncError('config', `There are no mappings: no *.yaml is in ${setup.config.mappings}.`, {
    hint: 'The folder mappings of Tandem has one to begin with.',
  })
}
