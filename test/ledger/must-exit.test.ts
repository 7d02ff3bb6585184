import Database from 'better-sqlite3'
import { expect, test } from 'vitest'
import { SyncError } from '../../src/contract/error.ts'
import { ledgerError, mustExit } from '../../src/ledger/sqlite/errors.ts'

test.each([
  ['SQLITE_IOERR_FSYNC', true],
  ['SQLITE_IOERR_DIR_FSYNC', true],
  ['SQLITE_CORRUPT', true],
  ['SQLITE_CORRUPT_INDEX', true],
  ['SQLITE_IOERR_WRITE', false],
  ['SQLITE_IOERR_READ', false],
  ['SQLITE_FULL', false],
  ['SQLITE_BUSY', false],
  ['SQLITE_READONLY', false],
])('after %s nothing can be trusted any more: %s', (code, isFatal) => {
  const error = new Database.SqliteError('disk I/O error', code)
  expect(mustExit(error)).toBe(isFatal)
  expect(mustExit(ledgerError(error, 'tandem.db'))).toBe(isFatal)
})

test('what is not about the disk ends nothing', () => {
  expect(mustExit(new SyncError('ledger', 'SQLITE_CORRUPT'))).toBe(false)
  expect(mustExit(new Error('disk I/O error'))).toBe(false)
})
