import { randomBytes } from 'node:crypto'
import { cpSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runCommand } from '../real/command.ts'
import { freePort } from '../real/free-port.ts'
import { progress } from '../real/progress.ts'
import { startServerProcess, stopServerProcess, waitUntilReady } from '../real/server-process.ts'
import { ensureShop } from './install.ts'
import type { Stops } from './stops.ts'

const VERSION = '2.21.2'
const PACKAGES = { '@medusajs/medusa': VERSION, '@medusajs/cli': VERSION, '@medusajs/framework': VERSION }
const USER = 'sync@shop.example'
const SUBSCRIBER = fileURLToPath(new URL('../../docs/recipes/medusa/subscriber.js', import.meta.url))

/** A real Medusa on 127.0.0.1, without its admin pages. @param databaseUrl an empty PostgreSQL database. */
export async function startMedusa(
  directory: string,
  databaseUrl: string,
  stops: Stops,
): Promise<Readonly<Record<string, string>>> {
  const install = await ensureShop('medusa', PACKAGES)
  const secret = (): string => randomBytes(16).toString('hex')
  const password = secret()
  writeFileSync(
    join(directory, 'package.json'),
    JSON.stringify({ name: 'shop', private: true, dependencies: PACKAGES }),
  )
  writeFileSync(join(directory, 'medusa-config.js'), config(secret(), secret()))
  symlinkSync(join(install.directory, 'node_modules'), join(directory, 'node_modules'))
  cpSync(SUBSCRIBER, join(directory, 'src/subscribers/tandem.js'), { recursive: true })
  const hook = { port: await freePort(), secret: secret() }
  const program = join(install.directory, 'node_modules/@medusajs/cli/cli.js')
  const env = {
    ...install.environment,
    DATABASE_URL: databaseUrl,
    TANDEM_HOOK_URL: `http://127.0.0.1:${hook.port}/hooks/shop`,
    TANDEM_HOOK_SECRET: hook.secret,
    MEDUSA_DISABLE_TELEMETRY: 'true',
    NODE_ENV: 'production',
  }
  progress("making Medusa's tables")
  await runCommand('node', [program, 'db:migrate'], { cwd: directory, env })
  await runCommand('node', [program, 'user', '-e', USER, '-p', password], { cwd: directory, env })

  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const logFile = join(directory, 'medusa.log')
  const pid = startServerProcess({
    command: 'node',
    args: [program, 'start', '--host', '127.0.0.1', '--port', String(port)],
    env,
    uid: process.getuid?.() ?? 0,
    gid: process.getgid?.() ?? 0,
    cwd: directory,
    logFile,
  })
  stops.push(() => stopServerProcess(pid, 'SIGTERM', 10_000))
  await waitUntilReady({ name: 'Medusa', pid, logFile, timeoutMs: 180_000 }, async () => {
    const answer = await fetch(`${url}/health`).catch(() => null)
    return answer?.status === 200
  })
  return {
    MEDUSA_URL: url,
    MEDUSA_USER: USER,
    MEDUSA_PASSWORD: password,
    MEDUSA_HOOK_SECRET: hook.secret,
    MEDUSA_HOOK_PORT: String(hook.port),
    MEDUSA_LOCATION: await makeLocation(url, password),
  }
}

function config(jwtSecret: string, cookieSecret: string): string {
  return `const { defineConfig } = require('@medusajs/framework/utils')
module.exports = defineConfig({
  projectConfig: {
    databaseUrl: process.env.DATABASE_URL,
    databaseDriverOptions: { connection: { ssl: false } },
    http: { storeCors: '*', adminCors: '*', authCors: '*', jwtSecret: '${jwtSecret}', cookieSecret: '${cookieSecret}' },
  },
  admin: { disable: true },
})
`
}

/** The stock location of the shop, from which its sales channel sells. */
async function makeLocation(url: string, password: string): Promise<string> {
  const call = async (path: string, body: object | null, token = ''): Promise<Record<string, unknown>> => {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` }
    const sent = body === null ? {} : { method: 'POST', body: JSON.stringify(body) }
    const answer = await fetch(`${url}${path}`, { headers, ...sent })
    if (!answer.ok) throw new Error(`Medusa answers ${answer.status} to ${path}: ${await answer.text()}`)
    return (await answer.json()) as Record<string, unknown>
  }
  const login = await call('/auth/user/emailpass', { email: USER, password })
  const token = String(login.token)
  const made = await call('/admin/stock-locations', { name: 'Warehouse' }, token)
  const { id } = made.stock_location as { readonly id: string }
  const { sales_channels: channels } = await call('/admin/sales-channels', null, token)
  const add = (channels as readonly { readonly id: string }[]).map((channel) => channel.id)
  await call(`/admin/stock-locations/${id}/sales-channels`, { add }, token)
  return id
}
