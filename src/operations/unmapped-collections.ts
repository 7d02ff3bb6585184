import type { Setup } from '../app.ts'
import { collectionName } from '../mapping/collection-name.ts'
import { SIDES } from '../mapping/mapping.ts'
import { sideSpec } from '../mapping/mapping-file.ts'

/** Collections that a connection's webhooks tell of and that no mapping reads: what is told of them is dropped. */
export function unmappedCollections({
  config,
  files,
}: Setup): readonly { readonly connection: string; readonly collection: string }[] {
  return [...config.connections.values()].flatMap(({ name, webhooks }) => {
    const mapped = new Set(
      files.flatMap((file) =>
        SIDES.filter((side) => file.definition[side].connection === name).map((side) =>
          collectionName(sideSpec(file, side)),
        ),
      ),
    )
    const told = new Set((webhooks?.events ?? []).map(({ collection }) => collection))
    return [...told].filter((each) => !mapped.has(each)).map((collection) => ({ connection: name, collection }))
  })
}
