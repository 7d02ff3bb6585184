import { afterEach, describe, expect, it } from 'vitest'
import { type Fixture, openFixture } from './fixture.ts'

const TOKEN = 'a-token-that-is-long-enough-0123456789'

let fixture: Fixture
afterEach(() => fixture[Symbol.asyncDispose]())

async function open(server: string): Promise<Fixture> {
  fixture = await openFixture({ server })
  return fixture
}

type Headers = Readonly<Record<string, string>>
const call = (path: string, headers: Headers = {}, init: RequestInit = {}, host = '127.0.0.1:8080') =>
  fixture.app.request(`http://${host}${path}`, { ...init, headers })
const post = (path: string, headers: Headers, host?: string) =>
  call(path, headers, { method: 'POST', body: new URLSearchParams({ reason: 'x' }) }, host)
const OWN = { origin: 'http://127.0.0.1:8080' }

describe('a server that only this machine reaches', () => {
  it('serves whoever is here, and nobody whose name is not its own', async () => {
    await open('listen: "127.0.0.1:8080"')
    for (const host of ['127.0.0.1:8080', 'localhost:8080', '[::1]:8080', 'LOCALHOST', 'localhost.']) {
      expect([host, (await call('/', {}, {}, host)).status]).toEqual([host, 200])
    }
    for (const host of [
      'evil.example',
      '127.0.0.1.evil.example',
      'localhost.evil.example',
      '192.168.1.5',
      '1.2.3.4:8080',
    ]) {
      for (const path of ['/', '/api/status', '/login', '/assets/x/tandem.css']) {
        expect([host, path, (await call(path, {}, {}, host)).status]).toEqual([host, path, 421])
      }
    }
  })

  it('takes changes from its own pages only', async () => {
    const { ledger } = await open('listen: "127.0.0.1:8080"')
    const paused = async () => (await ledger.state('customers')).pausedBy !== null
    const strangers: Headers[] = [
      {},
      { origin: 'http://evil.example' },
      { origin: 'null' },
      { origin: 'http://127.0.0.1:9999' },
      { origin: 'http://127.0.0.1.evil.example:8080' },
      { 'sec-fetch-site': 'cross-site', ...OWN },
      { 'sec-fetch-site': 'same-site', ...OWN },
      { 'sec-fetch-site': 'none' },
    ]
    for (const headers of strangers) {
      expect([headers, (await post('/mappings/customers/pause', headers)).status]).toEqual([headers, 403])
    }
    expect(await paused()).toBe(false)
    expect((await post('/mappings/customers/pause', OWN)).status).toBe(303)
    expect(await paused()).toBe(true)
    expect((await post('/mappings/customers/resume', { 'sec-fetch-site': 'same-origin' })).status).toBe(303)
    expect(await paused()).toBe(false)
  })

  it('takes API calls from programs, not from foreign pages', async () => {
    await open('listen: "127.0.0.1:8080"')
    const pause = (headers: Headers) => call('/api/mappings/customers/pause', headers, { method: 'POST', body: '{}' })
    const json = { 'content-type': 'application/json' }
    expect((await pause(json)).status).toBe(200)
    expect((await pause({ ...json, origin: 'http://evil.example' })).status).toBe(403)
    expect((await pause({ ...json, 'sec-fetch-site': 'cross-site' })).status).toBe(403)
    // What a form of a foreign page could send without asking first.
    expect((await pause({ 'content-type': 'text/plain' })).status).toBe(415)
    expect((await pause({ 'content-type': 'application/x-www-form-urlencoded' })).status).toBe(415)
  })

  it('is not opened to others by a public address without a token', async () => {
    await open('listen: "127.0.0.1:8080", public_url: "https://sync.example.com"')
    for (const path of ['/', '/api/status']) expect((await call(path)).status).toBe(403)
    expect((await call('/healthz')).status).toBe(200)
  })

  it('has every answer kept out of caches, frames and other pages', async () => {
    await open('listen: "127.0.0.1:8080"')
    for (const path of ['/', '/nowhere', '/api/status', '/api/nowhere', '/mappings/none', '/login']) {
      const { headers } = await call(path)
      expect(headers.get('cache-control')).toBe('no-store')
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      const policy = headers.get('content-security-policy') ?? ''
      expect(policy).toContain("default-src 'none'")
      expect(policy).toContain("frame-ancestors 'none'")
      expect(policy).not.toContain('unsafe')
      expect(headers.get('access-control-allow-origin')).toBeNull()
    }
  })

  it('takes no body that is larger than any form of ours', async () => {
    await open('listen: "127.0.0.1:8080"')
    const body = JSON.stringify({ reason: 'x'.repeat(2 * 1024 * 1024) })
    const headers = { 'content-type': 'application/json', 'content-length': String(body.length) }
    const answer = await call('/api/mappings/customers/pause', headers, { method: 'POST', body })
    expect(answer.status).toBe(413)
    const deep = `${'['.repeat(100)}${']'.repeat(100)}`
    const json = { 'content-type': 'application/json' }
    expect((await call('/api/mappings/customers/pause', json, { method: 'POST', body: deep })).status).toBe(400)
  })
})

describe('a server with a token', () => {
  const settings = `listen: "0.0.0.0:8080", token: "${TOKEN}", hosts: [tandem.example.com]`
  const host = 'tandem.example.com:8080'
  const own = { origin: `http://${host}` }
  const login = (token: string, to = '/', headers: Headers = own) =>
    call('/login', headers, { method: 'POST', body: new URLSearchParams({ token, to }) }, host)
  const cookieOf = (answer: Response): string => (answer.headers.get('set-cookie') ?? '').split(';')[0] ?? ''

  it('shows nothing without it', async () => {
    await open(settings)
    const page = await call('/conflicts?mapping=customers', {}, {}, host)
    expect([page.status, page.headers.get('location')]).toEqual([303, '/login?to=%2Fconflicts%3Fmapping%3Dcustomers'])
    const part = await call('/parts/overview', { 'hx-request': 'true', 'hx-current-url': `http://${host}/` }, {}, host)
    expect([part.status, part.headers.get('hx-redirect')]).toEqual([401, '/login?to=%2F'])
    for (const authorization of ['', 'Bearer', 'Bearer wrong', `Basic ${TOKEN}`, `Bearer ${TOKEN}x`, TOKEN]) {
      const answer = await call('/api/status', authorization === '' ? {} : { authorization }, {}, host)
      expect([authorization, answer.status]).toEqual([authorization, 401])
      expect(await answer.text()).not.toContain('customers')
    }
    expect((await call('/api/openapi.json', {}, {}, host)).status).toBe(401)
  })

  it('lets programs in that carry it, under names of its own and addresses in digits', async () => {
    await open(settings)
    const headers = { authorization: `Bearer ${TOKEN}` }
    for (const name of [host, '192.168.1.5:8080', '[fd00::1]:8080', 'localhost']) {
      expect([name, (await call('/api/status', headers, {}, name)).status]).toEqual([name, 200])
    }
    expect((await call('/api/status', headers, {}, 'evil.example')).status).toBe(421)
  })

  it('lets a person in by the login, and out again', async () => {
    await open(settings)
    const wrong = await login('wrong')
    expect([wrong.status, cookieOf(wrong)]).toEqual([401, ''])
    const answer = await login(TOKEN, '/dead-letters')
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/dead-letters'])
    const set = answer.headers.get('set-cookie') ?? ''
    expect(set).toMatch(/HttpOnly/i)
    expect(set).toMatch(/SameSite=Strict/i)
    expect(set).not.toContain(TOKEN)
    const cookie = cookieOf(answer)
    expect((await call('/', { cookie }, {}, host)).status).toBe(200)
    expect((await call('/api/status', { cookie }, {}, host)).status).toBe(200)
    const [name, session = ''] = cookie.split('=')
    const [ends = '', ...rest] = session.split('.')
    const forged = [
      `${name}=`,
      `${cookie}x`,
      `${name}=${Number(ends) + 1}.${rest.join('.')}`,
      `${name}=..`,
      `${name}=${TOKEN}`,
    ]
    for (const each of forged) expect([each, (await call('/', { cookie: each }, {}, host)).status]).toEqual([each, 303])
    const out = await post('/logout', { cookie, ...own }, host)
    expect(out.headers.get('set-cookie')).toMatch(/tandem_session=;.*Max-Age=0/)
  })

  it('is secure where the line is', async () => {
    await open(settings)
    const encrypted = await login(TOKEN, '/', { ...own, 'x-forwarded-proto': 'https' })
    expect(encrypted.headers.get('set-cookie')).toMatch(/Secure/)
  })

  it('leads nowhere else after the login', async () => {
    await open(settings)
    for (const to of ['//evil.example', 'https://evil.example', '/\\evil.example', 'javascript:alert(1)', '\\\\evil']) {
      expect([to, (await login(TOKEN, to)).headers.get('location')]).toEqual([to, '/'])
    }
  })

  it('checks where a change comes from, whatever the caller carries', async () => {
    await open(settings)
    const cookie = cookieOf(await login(TOKEN))
    expect((await post('/mappings/customers/pause', { cookie, origin: 'http://evil.example' }, host)).status).toBe(403)
    expect((await post('/mappings/customers/pause', { cookie }, host)).status).toBe(403)
    expect((await post('/mappings/customers/pause', { cookie, ...own }, host)).status).toBe(303)
    // A form of a foreign page cannot log somebody in.
    expect((await login(TOKEN, '/', { origin: 'http://evil.example' })).status).toBe(403)
  })
})

describe('readiness', () => {
  it('is told without a token, in a word', async () => {
    const { end, ledger } = await open(`listen: "0.0.0.0:8080", token: "${TOKEN}"`)
    const ready = await call('/readyz', {}, {}, '10.1.2.3:8080')
    expect([ready.status, await ready.json()]).toEqual([200, { status: 'ready' }])
    const starting = await call('/readyz/customers')
    expect([starting.status, await starting.json()]).toEqual([503, { status: 'starting' }])
    await ledger.updateState('customers', { pausedBy: { by: 'ann', reason: 'secret plans', sinceMs: 1 } })
    const paused = await call('/readyz/customers')
    expect([paused.status, await paused.json()]).toEqual([503, { status: 'paused' }])
    expect((await call('/readyz/nobody')).status).toBe(404)
    end()
    const ending = await call('/readyz')
    expect([ending.status, await ending.json()]).toEqual([503, { status: 'ending' }])
  })

  it('is not there when the ledger cannot be written', async () => {
    const { ledger } = await open('listen: "127.0.0.1:8080"')
    await ledger[Symbol.asyncDispose]()
    const answer = await call('/readyz')
    expect([answer.status, await answer.json()]).toEqual([503, { status: 'ledger' }])
  })
})
