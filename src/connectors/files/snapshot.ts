import type { FilesContext } from './context.ts'
import type { StoredFile } from './stored-files.ts'
import { countListed } from './stored-records.ts'

/** Why nothing may be called deleted after a full list; null: nothing speaks against it. */
export function reasonNotToRemove({ connection, definition, id }: FilesContext, file: StoredFile): string | null {
  if (file.records === 0) return 'lists no records at all'
  if (file.problem !== null) return file.problem
  if (file.unnamed > 0) {
    const lines = file.unnamed === 1 ? 'a line' : `${file.unnamed} lines`
    return `has ${lines} of which nobody can say which records they are`
  }
  const { known, listed } = countListed(connection.store.handle(), id(), file.generation)
  const least = definition.in?.min_share ?? 0
  if (listed >= known * least) return null
  return `lists ${listed} of ${known} records that are known, and less than ${Math.round(least * 100)}% is taken for an accident`
}
