/** What tests of hooks share: the command that makes them, and a server that only writes down what Odoo sends. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { runProgram } from '../../src/cli/program.ts'
import type { HookPart } from '../../src/contract/hooks.ts'
import { odooDatabaseAccess, type RealOdoo } from './environment.ts'

export const HOOK_SECRET = 'a-secret-of-some-length-for-tests'

export interface Hooked {
  readonly code: number
  readonly parts: readonly HookPart[]
  readonly error: string
}

/** `tandem odoo hooks <action>`, of `customers` where the action wants a name, as a person with an administrator's key runs it. */
export async function hooks(
  configFile: string,
  action: string,
  more: readonly string[] = [],
  odoo?: RealOdoo,
): Promise<Hooked> {
  const said = { out: '', error: '' }
  const into = (stream: keyof typeof said) => ({
    isTTY: false,
    write(text: string) {
      said[stream] += text
      return true
    },
  })
  const isForAll = action === 'list'
  const user = odoo === undefined ? [] : ['--user', odoo.personLogin]
  const args = [
    '--config',
    configFile,
    '--json',
    'odoo',
    'hooks',
    action,
    ...(isForAll ? [] : ['customers']),
    ...user,
    ...more,
  ]
  const code = await runProgram(more.includes('--key-env') ? args : [...args, '--key-env', 'ADMIN_KEY'], {
    env: { ADMIN_KEY: odoo?.personKey ?? odooDatabaseAccess().odooAdminApiKey },
    signal: new AbortController().signal,
    stdout: into('out'),
    stderr: into('error'),
  })
  const answer = (said.out === '' ? {} : JSON.parse(said.out)) as { parts?: readonly HookPart[] }
  return { code, parts: answer.parts ?? [], error: said.error + said.out }
}

/** A mapping with further keys in its `odoo:` block. */
export function withOdooKeys(mapping: string, ...keys: readonly string[]): string {
  return mapping.replace('  key: ref\n', ['  key: ref', ...keys.map((key) => `  ${key}`), ''].join('\n'))
}

export interface Recorder extends AsyncDisposable {
  readonly url: string
  /** What came since the last look, after Odoo had time to send it. */
  taken(): Promise<readonly { readonly path: string; readonly body: Readonly<Record<string, unknown>> }[]>
}

/** Odoo posts before it answers the call that caused it, so that all has come by then. */
export async function openRecorder(): Promise<Recorder> {
  let calls: { path: string; body: Readonly<Record<string, unknown>> }[] = []
  const server = createServer((request, response) => {
    let text = ''
    request.on('data', (chunk: Buffer) => {
      text += chunk.toString()
    })
    request.on('end', () => {
      calls.push({ path: request.url ?? '', body: JSON.parse(text) as Record<string, unknown> })
      response.end()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}`,
    async taken() {
      const came = calls
      calls = []
      return came
    },
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
    },
  }
}
