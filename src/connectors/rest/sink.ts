import type { Sink } from '../../contract/sink.ts'
import { applyOperations, type Etags, readWithEtags } from './apply-records.ts'
import { findRecords } from './read-records.ts'
import type { Resource } from './resource.ts'

/** More are forgotten, oldest first: a write without its ETag is only less guarded. */
const MAX_ETAGS = 5000

export function createSink(resource: Resource): Sink {
  const etags: Etags = new Map()
  return {
    async read(ids, signal) {
      const states = await readWithEtags(resource, ids, etags, signal)
      for (const id of etags.keys()) {
        if (etags.size <= MAX_ETAGS) break
        etags.delete(id)
      }
      return states
    },
    find: (request, signal) => findRecords(resource, request, signal),
    apply: (operations, signal) => applyOperations(resource, operations, etags, signal),
  }
}
