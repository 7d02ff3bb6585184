import { randomUUID } from 'node:crypto'
import { createReadStream, rmSync } from 'node:fs'
import { Readable } from 'node:stream'
import type { Context } from 'hono'
import { backUpLedger } from '../../ledger/sqlite/backup.ts'
import type { ServerSite } from '../site.ts'

export const BACKUP_PATH = '/api/backup'

/** What the OpenAPI document says of it. */
export const BACKUP_OPERATION = {
  operationId: 'backUp',
  summary: 'The ledger as it is now, as one file for `tandem restore`. Read through before the first byte is sent.',
  parameters: [],
  responses: {
    200: {
      description: 'The file.',
      content: {
        'application/vnd.sqlite3': { schema: { type: 'string', contentMediaType: 'application/vnd.sqlite3' } },
      },
    },
    default: {
      description: 'Why not.',
      content: { 'application/json': { schema: { $ref: '#/components/schemas/Failure' } } },
    },
  },
} as const

/**
 * Sends a copy of the ledger, and never writes one where the caller says: whoever may use the API is not to choose files
 * on this machine. The copy lies beside the ledger, where there is room for it, until it is sent.
 */
export async function sendBackup(site: ServerSite, context: Context): Promise<Response> {
  const { file } = site.config.ledger
  const copy = `${file}.${randomUUID()}.backup`
  const remove = (): void => rmSync(copy, { force: true })
  try {
    const { bytes } = await backUpLedger(file, copy, false)
    const stream = createReadStream(copy)
    // Also where the caller goes away in the middle.
    stream.on('close', remove)
    const date = new Date(site.clock.nowMs()).toISOString().slice(0, 10)
    return context.body(Readable.toWeb(stream) as ReadableStream, 200, {
      'content-type': 'application/vnd.sqlite3',
      'content-length': String(bytes),
      'content-disposition': `attachment; filename="tandem-${date}.db"`,
    })
  } catch (error) {
    remove()
    throw error
  }
}
