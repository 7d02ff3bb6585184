import type { ConnectorFactory } from '../../contract/connector.ts'
import { checkConnection } from './check.ts'
import { filesCollection } from './collection.ts'
import type { FilesConnection } from './context.ts'
import { localFolder } from './local-folder.ts'
import { parseFilesSettings } from './settings.ts'
import { sftpFolder } from './sftp-folder.ts'
import { openStore } from './store.ts'

/** CSV and JSON files in a folder of this machine, or of a server over SFTP. */
export const createFilesConnector: ConnectorFactory = (settings, name, { folder = '.' } = {}) => {
  const parsed = parseFilesSettings(settings, name, folder)
  const lanes = new Map<string, Promise<unknown>>()
  const connection: FilesConnection = {
    name,
    settings: parsed,
    folder: parsed.sftp ? sftpFolder(name, parsed.sftp, parsed) : localFolder(parsed.folder),
    store: openStore(name, parsed.store),
    readers: new Map(),
    exclusively(lane, work) {
      const result = (lanes.get(lane) ?? Promise.resolve()).then(work)
      lanes.set(
        lane,
        result.catch(() => {}),
      )
      return result
    },
    nowMs: () => Date.now(),
  }
  return {
    check: (signal) => checkConnection(connection, signal),
    collections: async () => Object.keys(parsed.collections).map((each) => ({ name: each, label: null })),
    collection: (request) => filesCollection(connection, request),
    async [Symbol.asyncDispose]() {
      await Promise.all(lanes.values())
      for (const reader of connection.readers.values()) await reader.close()
      await connection.folder[Symbol.asyncDispose]()
      connection.store.close()
    },
  }
}
