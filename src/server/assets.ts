import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { Hono } from 'hono'

/** A file that pages load: its address changes with its content, so browsers keep it for ever. */
export interface Asset {
  readonly path: string
  /** For the attribute `integrity`. */
  readonly integrity: string
  readonly type: string
  readonly body: Buffer
}

/** Finds a file of an installed package, wherever npm has put it. */
const require = createRequire(import.meta.url)

const ASSETS = {
  style: { name: 'tandem.css', file: own('tandem.css') },
  script: { name: 'tandem.js', file: own('tandem.js') },
  icon: { name: 'icon.svg', file: own('icon.svg') },
  htmx: { name: 'htmx.js', file: require.resolve('htmx.org/dist/htmx.min.js') },
  chart: { name: 'uplot.js', file: require.resolve('uplot/dist/uPlot.iife.min.js') },
  chartStyle: { name: 'uplot.css', file: require.resolve('uplot/dist/uPlot.min.css') },
} as const

export type Assets = Readonly<Record<keyof typeof ASSETS, Asset>>

const TYPES: Readonly<Record<string, string>> = {
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
}

/** Beside `src` and `dist` alike. */
function own(name: string): string {
  return fileURLToPath(new URL(`../../assets/${name}`, import.meta.url))
}

let loaded: Assets | null = null

/** Read once, when they are first needed. */
export function assets(): Assets {
  loaded ??= Object.fromEntries(
    Object.entries(ASSETS).map(([key, { name, file }]) => [key, assetOf(name, readFileSync(file))]),
  ) as unknown as Assets
  return loaded
}

function assetOf(name: string, body: Buffer): Asset {
  const digest = createHash('sha384').update(body).digest('base64')
  const version = createHash('sha256').update(body).digest('hex').slice(0, 12)
  const type = TYPES[name.split('.').at(-1) ?? ''] ?? 'application/octet-stream'
  return { path: `/assets/${version}/${name}`, integrity: `sha384-${digest}`, type, body }
}

/** Exactly these files, under exactly these addresses. */
export function assetRoutes(): Hono {
  const routes = new Hono()
  for (const { path, type, body } of Object.values(assets())) {
    routes.get(path, (context) =>
      context.body(new Uint8Array(body), 200, {
        'content-type': type,
        'cache-control': 'public, max-age=31536000, immutable',
      }),
    )
  }
  return routes
}
