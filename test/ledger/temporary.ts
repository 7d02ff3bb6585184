import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A place for a ledger in a folder of its own. */
export function temporaryFile(): { readonly file: string; readonly folder: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'tandem-ledger-'))
  return { file: join(folder, 'tandem.db'), folder, remove: () => rmSync(folder, { recursive: true, force: true }) }
}
