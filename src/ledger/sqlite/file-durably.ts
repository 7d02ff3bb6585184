import { closeSync, fsyncSync, openSync, renameSync } from 'node:fs'
import { dirname } from 'node:path'

/** Puts a complete file in place of another, at once and for good: after a power cut, one of the two is there. */
export function replaceDurably(temporary: string, file: string): void {
  syncFile(temporary)
  renameSync(temporary, file)
  syncFile(dirname(file))
}

function syncFile(path: string): void {
  const descriptor = openSync(path, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
