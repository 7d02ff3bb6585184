import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { freePort } from '../real/free-port.ts'
import { startServerProcess, stopServerProcess, waitUntilReady } from '../real/server-process.ts'
import { ensureShop } from './install.ts'
import type { Stops } from './stops.ts'

const PACKAGES = {
  '@strapi/strapi': '5.54.0',
  '@strapi/plugin-users-permissions': '5.54.0',
  'better-sqlite3': '12.11.1',
  react: '18.3.1',
  'react-dom': '18.3.1',
  'react-router-dom': '6.30.6',
  'styled-components': '6.6.0',
}

/** The content types of the recipe. */
const TYPES = {
  customer: {
    code: { type: 'string', unique: true },
    name: { type: 'string', required: true },
    email: { type: 'email' },
    phone: { type: 'string' },
    street: { type: 'string' },
    city: { type: 'string' },
    zip: { type: 'string' },
    country: { type: 'string' },
    blocked: { type: 'boolean', default: false },
  },
  product: {
    sku: { type: 'string', unique: true },
    name: { type: 'string', required: true },
    description: { type: 'text' },
    price: { type: 'decimal' },
    stock: { type: 'integer' },
  },
}

/** A real Strapi with an empty SQLite database, on 127.0.0.1. */
export async function startStrapi(directory: string, stops: Stops): Promise<Readonly<Record<string, string>>> {
  const install = await ensureShop('strapi', PACKAGES)
  const tokenFile = join(directory, 'token')
  const hook = { port: await freePort(), token: randomBytes(24).toString('hex') }
  writeApp(directory, bootstrap(tokenFile, hook))
  symlinkSync(join(install.directory, 'node_modules'), join(directory, 'node_modules'))
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const logFile = join(directory, 'strapi.log')
  const pid = startServerProcess({
    command: 'node',
    args: [join(install.directory, 'node_modules/@strapi/strapi/bin/strapi.js'), 'start'],
    env: { ...install.environment, NODE_ENV: 'production', STRAPI_TELEMETRY_DISABLED: 'true', PORT: String(port) },
    uid: process.getuid?.() ?? 0,
    gid: process.getgid?.() ?? 0,
    cwd: directory,
    logFile,
  })
  stops.push(() => stopServerProcess(pid, 'SIGTERM', 10_000))
  await waitUntilReady({ name: 'Strapi', pid, logFile, timeoutMs: 120_000 }, async () => {
    const answer = await fetch(`${url}/_health`).catch(() => null)
    return answer?.status === 204
  })
  return {
    STRAPI_URL: url,
    STRAPI_TOKEN: readFileSync(tokenFile, 'utf8'),
    STRAPI_HOOK_TOKEN: hook.token,
    STRAPI_HOOK_PORT: String(hook.port),
  }
}

function writeApp(directory: string, bootstrapCode: string): void {
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(directory, path)), { recursive: true })
    writeFileSync(join(directory, path), text)
  }
  const writeConfig = (name: string, config: object): void => {
    write(`config/${name}.js`, `module.exports = ${JSON.stringify(config)}\n`)
  }
  const secret = (): string => randomBytes(16).toString('hex')
  write('package.json', JSON.stringify({ name: 'shop', private: true, dependencies: PACKAGES }))
  write(
    'config/server.js',
    `module.exports = ({ env }) => ({ host: '127.0.0.1', port: env.int('PORT'), app: { keys: ['${secret()}'] } })\n`,
  )
  writeConfig('admin', {
    auth: { secret: secret() },
    apiToken: { salt: secret() },
    transfer: { token: { salt: secret() } },
    secrets: { encryptionKey: secret() },
    serveAdminPanel: false,
  })
  const connection = { filename: join(directory, 'strapi.db') }
  writeConfig('database', { connection: { client: 'sqlite', connection, useNullAsDefault: true } })
  writeConfig('api', { rest: { defaultLimit: 25, maxLimit: 100, withCount: true } })
  writeConfig('plugins', { 'users-permissions': { config: { jwtSecret: secret() } } })
  const middlewares = ['logger', 'errors', 'security', 'cors', 'query', 'body', 'session', 'favicon', 'public']
  writeConfig(
    'middlewares',
    middlewares.map((name) => `strapi::${name}`),
  )
  for (const [name, attributes] of Object.entries(TYPES)) {
    const schema = {
      kind: 'collectionType',
      collectionName: `${name}s`,
      info: { singularName: name, pluralName: `${name}s`, displayName: name },
      options: { draftAndPublish: false },
      attributes,
    }
    write(`src/api/${name}/content-types/${name}/schema.json`, JSON.stringify(schema))
    for (const [folder, factory] of Object.entries(FACTORIES)) {
      write(
        `src/api/${name}/${folder}/${name}.js`,
        `module.exports = require('@strapi/strapi').factories.${factory}('api::${name}.${name}')\n`,
      )
    }
  }
  mkdirSync(join(directory, 'public/uploads'), { recursive: true })
  write('src/index.js', bootstrapCode)
}

const FACTORIES = { controllers: 'createCoreController', routes: 'createCoreRouter', services: 'createCoreService' }

/** Makes an API token and a webhook at the first start, as an administrator does by hand. */
function bootstrap(tokenFile: string, hook: { readonly port: number; readonly token: string }): string {
  const webhook = {
    name: 'sync',
    url: `http://127.0.0.1:${hook.port}/hooks/shop`,
    headers: { Authorization: `Bearer ${hook.token}` },
    events: ['entry.create', 'entry.update', 'entry.delete'],
    isEnabled: true,
  }
  return `module.exports = {
  async bootstrap({ strapi }) {
    const tokens = strapi.service('admin::api-token')
    if (await tokens.exists({ name: 'sync' })) return
    const token = await tokens.create({ name: 'sync', kind: 'content-api', type: 'full-access', description: '', lifespan: null })
    require('node:fs').writeFileSync(${JSON.stringify(tokenFile)}, token.accessKey)
    const webhook = await strapi.get('webhookStore').createWebhook(${JSON.stringify(webhook)})
    strapi.get('webhookRunner').add(webhook)
  },
}
`
}
