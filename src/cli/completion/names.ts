import { readdirSync, readFileSync } from 'node:fs'
import { dirname, isAbsolute, join } from 'node:path'
import { parse } from 'yaml'
import type { Names } from './complete.ts'

/** The names of a configuration file as it is written: no variable is needed, and nothing has to be right but the names. */
export function namesOf(config: string): Names {
  return {
    connections: () => Object.keys(recordOf(recordOf(fileOf(config)).connections)),
    mappings() {
      const { mappings = './mappings' } = recordOf(fileOf(config))
      if (typeof mappings !== 'string') return []
      const folder = isAbsolute(mappings) ? mappings : join(dirname(config), mappings)
      return filesIn(folder).flatMap((file) => {
        const { mapping } = recordOf(fileOf(join(folder, file)))
        return typeof mapping === 'string' ? [mapping] : []
      })
    },
  }
}

function filesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).filter((name) => /\.ya?ml$/.test(name))
  } catch {
    return []
  }
}

/** Whoever presses a key wants no error message: what cannot be read has no names. */
function fileOf(file: string): unknown {
  try {
    return parse(readFileSync(file, 'utf8'), { logLevel: 'silent' })
  } catch {
    return null
  }
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {}
}
