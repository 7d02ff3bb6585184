import { once } from 'node:events'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SMTPServer } from 'smtp-server'
import { afterEach, expect, test } from 'vitest'
import type { Message } from '../../src/alerts/message.ts'
import { openRecipient } from '../../src/alerts/recipient.ts'
import { standardSignature } from '../../src/http/signature.ts'

const MESSAGE: Message = {
  kind: 'alert',
  subject: 'Tandem: Kunden hängen — 3 Stück',
  text: '! customers is behind\n  Über drei Stunden.\n',
  raised: [{ id: 'behind:customers', title: 'customers is behind', detail: 'Über drei Stunden.' }],
  standing: [],
  cleared: [],
}
const signal = AbortSignal.timeout(30_000)
const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

test('mail goes to all addresses of an entry, with the login of the address', async () => {
  const received: { from: string; to: string[]; user: string; text: string }[] = []
  const server = new SMTPServer({
    authMethods: ['PLAIN'],
    hideSTARTTLS: true,
    onAuth: ({ username, password }, _session, done) => {
      if (username === 'tandem' && password === 'p@ss') done(null, { user: 'tandem' })
      else done(new Error('who are you'))
    },
    onData(stream, { envelope, user }, done) {
      let text = ''
      stream.on('data', (chunk) => {
        text += String(chunk)
      })
      stream.on('end', () => {
        const from = envelope.mailFrom === false ? '' : envelope.mailFrom.address
        received.push({ from, to: envelope.rcptTo.map(({ address }) => address), user: String(user), text })
        done()
      })
    },
  })
  server.listen(0, '127.0.0.1')
  await once(server.server, 'listening')
  closing.push(() => new Promise<void>((resolve) => server.close(resolve)))
  const { port } = server.server.address() as AddressInfo
  const to = ['ops@example.com', 'eva@example.com']
  const email = { from: 'tandem@example.com', to }
  const recipient = await openRecipient({ email: { ...email, server: `smtp://tandem:p%40ss@127.0.0.1:${port}` } })
  await recipient.send(MESSAGE, signal)
  const [mail] = received
  expect(mail).toMatchObject({ from: 'tandem@example.com', to, user: 'tandem' })
  expect(mail?.text).toMatch(/^Auto-Submitted: auto-generated/m)
  expect(mail?.text).toMatch(/^Subject: =\?UTF-8\?/m)
  expect(recipient.name).not.toContain('p@ss')
  const stranger = await openRecipient({ email: { ...email, server: `smtp://tandem:wrong@127.0.0.1:${port}` } })
  await expect(stranger.send(MESSAGE, signal)).rejects.toThrow(/who are you/)
})

test('a webhook gets the message as JSON, signed, and anything but a 2xx is a failure', async () => {
  const secret = 'whsec_c2VjcmV0IHRoYXQgaXMgbG9uZyBlbm91Z2g='
  const received: { headers: Record<string, unknown>; body: string }[] = []
  let status = 204
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => {
      body += String(chunk)
    })
    request.on('end', () => {
      received.push({ headers: request.headers, body })
      response.writeHead(status, { location: 'http://127.0.0.1:1/' }).end()
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  closing.push(() => server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?key=abc`
  const recipient = await openRecipient({ webhook: { url, secret } })
  await recipient.send(MESSAGE, signal)
  const [call] = received
  expect(JSON.parse(call?.body ?? '')).toEqual({ type: 'tandem.alert', ...MESSAGE })
  const { 'webhook-id': id, 'webhook-timestamp': seconds, 'webhook-signature': signature } = call?.headers ?? {}
  expect(signature).toBe(standardSignature(secret, String(id), Number(seconds), call?.body ?? ''))
  for (status of [302, 404, 500]) await expect(recipient.send(MESSAGE, signal)).rejects.toThrow(String(status))
  expect(recipient.name).not.toContain('abc')
})

test('a command gets the text, and nothing of our environment', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tandem-alert-'))
  closing.push(() => rmSync(folder, { recursive: true }))
  const script = join(folder, 'tell')
  writeFileSync(script, `#!/bin/sh\n{ echo "$1|$TANDEM_SUBJECT|$HOME|$SECRET"; cat; } > "${folder}/out"\nexit "$2"\n`)
  chmodSync(script, 0o755)
  process.env.SECRET = 'not for others'
  closing.push(() => delete process.env.SECRET)
  await (await openRecipient({ command: [script, 'a; rm -rf /', '0'] })).send(MESSAGE, signal)
  expect(readFileSync(join(folder, 'out'), 'utf8')).toBe(`a; rm -rf /|${MESSAGE.subject}||\n${MESSAGE.text}`)
  await expect((await openRecipient({ command: [script, 'x', '3'] })).send(MESSAGE, signal)).rejects.toThrow()
  await expect((await openRecipient({ command: [join(folder, 'absent')] })).send(MESSAGE, signal)).rejects.toThrow(
    /ENOENT/,
  )
})
