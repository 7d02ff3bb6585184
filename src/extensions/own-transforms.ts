import { dirname } from 'node:path'
import type { Transform } from '../contract/transform.ts'
import type { MappingFile } from '../mapping/mapping-file.ts'
import {
  type LoadedTransform,
  type OwnTransform,
  type OwnTransforms,
  transformName,
  transformProblem,
} from '../mapping/own-transform.ts'
import { loadModule } from './load-module.ts'

/** Loads every transform of its own that a mapping names. One that cannot be had is told at its place by `compile`. */
export async function loadTransforms(file: MappingFile): Promise<OwnTransforms> {
  const folder = dirname(file.file)
  const transforms = new Map<string, LoadedTransform>()
  for (const wanted of transformsOf(file)) {
    const name = transformName(wanted)
    if (!transforms.has(name)) transforms.set(name, await loadTransform(wanted, folder))
  }
  return transforms
}

async function loadTransform({ code, name = 'default' }: OwnTransform, folder: string): Promise<LoadedTransform> {
  const loaded = await loadModule(code, folder)
  if ('error' in loaded) return { error: loaded.error }
  const exported = loaded.exports[name]
  if (exported === undefined) {
    const found = Object.keys(loaded.exports).join(', ') || 'nothing'
    return { error: `${code} does not export "${name}"; it exports ${found}` }
  }
  const problem = transformProblem(exported)
  return problem === null ? (exported as Transform) : { error: `${transformName({ code, name })} ${problem}` }
}

function transformsOf({ definition }: MappingFile): readonly OwnTransform[] {
  const pairs = [...definition.fields, ...definition.lines.flatMap(({ key, fields }) => [...key, ...fields])]
  return pairs.flatMap((pair) =>
    ('transform' in pair ? (pair.transform ?? []) : []).flatMap((each) =>
      typeof each === 'string' || each.code === undefined ? [] : [{ code: each.code, name: each.name }],
    ),
  )
}
