import { readFileSync } from 'node:fs'
import { parse } from 'yaml'

/**
 * The connection `shop` of a recipe, as a user has it, with the environment's values filled in and without its webhooks,
 * which are the daemon's and not the connector's.
 */
export function recipeShop(name: string): Record<string, unknown> & { readonly collections: Record<string, object> } {
  const text = readFileSync(new URL(`../../docs/recipes/${name}/config.yaml`, import.meta.url), 'utf8').replaceAll(
    /\$\{(\w+)\}/g,
    (_, variable: string) => process.env[variable] ?? '',
  )
  const config = parse(text) as { connections: { shop: ReturnType<typeof recipeShop> } }
  const { webhooks: _, ...shop } = config.connections.shop
  return shop
}
