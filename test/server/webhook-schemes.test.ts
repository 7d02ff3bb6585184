import { Webhook } from 'standardwebhooks'
import { describe, expect, it } from 'vitest'
import { hmac, NOW_MS, NOW_S, openWebhooks } from './webhook-bench.ts'

const EVENTS = [{ collection: 'customers', id: 'id' }]
const BODY = '{"id":7}'
const SECRET = 'It’s a Secret to Everybody'
const WHSEC = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const OLD_WHSEC = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD'

/** Signed by the reference implementation. */
function standard(secret: string, body = BODY, id = 'msg_1', seconds = NOW_S): Record<string, string> {
  const signature = new Webhook(secret).sign(id, new Date(seconds * 1000), body)
  return { 'webhook-id': id, 'webhook-timestamp': String(seconds), 'webhook-signature': signature }
}

describe('Standard Webhooks', () => {
  const settings = { scheme: 'standard', secrets: [WHSEC, OLD_WHSEC], events: EVENTS }

  it('takes what the reference implementation signs, with either secret', async () => {
    const { post, told } = await openWebhooks(settings)
    expect(await post(BODY, standard(WHSEC))).toBe(204)
    expect(await post('{"id":8}', standard(OLD_WHSEC, '{"id":8}', 'msg_2'))).toBe(204)
    expect(await told()).toEqual(['hint 7', 'hint 8'])
  })

  it('takes the published example', async () => {
    const { post } = await openWebhooks({ ...settings, tolerance: '36500d' })
    const body = '{"test": 2432232314}'
    const headers = {
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    }
    // Verified, and without an id at `id`.
    expect(await post(body, headers)).toBe(422)
    expect(await post(body, { ...headers, 'webhook-id': 'msg_other' })).toBe(401)
  })

  it('takes one of several signatures, and none of another version', async () => {
    const { post } = await openWebhooks(settings)
    const good = standard(WHSEC)
    const signature = good['webhook-signature'] ?? ''
    const several = `v1a,abcd v1,${Buffer.alloc(32).toString('base64')} ${signature}`
    expect(await post(BODY, { ...good, 'webhook-signature': several })).toBe(204)
    expect(await post(BODY, { ...good, 'webhook-signature': signature.replace('v1,', 'v2,') })).toBe(401)
  })

  it.each([
    ['a body that was changed', standard(WHSEC, '{"id":6}')],
    ['another secret', standard('whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA')],
    ['an id that was changed', { ...standard(WHSEC), 'webhook-id': 'msg_2' }],
    ['a time that was changed', { ...standard(WHSEC), 'webhook-timestamp': String(NOW_S - 1) }],
    ['what is too old', standard(WHSEC, BODY, 'msg_1', NOW_S - 301)],
    ['what is too far ahead', standard(WHSEC, BODY, 'msg_1', NOW_S + 301)],
    ['a time that is none', { ...standard(WHSEC), 'webhook-timestamp': 'NaN' }],
    ['no time', { ...standard(WHSEC), 'webhook-timestamp': '' }],
    ['no signature', { 'webhook-id': 'msg_1', 'webhook-timestamp': String(NOW_S) }],
    ['an empty signature', { ...standard(WHSEC), 'webhook-signature': 'v1,' }],
    [
      'a cut signature',
      { ...standard(WHSEC), 'webhook-signature': standard(WHSEC)['webhook-signature']?.slice(0, 20) ?? '' },
    ],
    ['nothing at all', {}],
  ])('answers 401 to %s, and stores nothing', async (_, headers) => {
    const { post, told, ledger } = await openWebhooks(settings)
    expect(await post(BODY, headers)).toBe(401)
    expect(await told()).toEqual([])
    // Nor is the id taken from the one to whom it belongs.
    expect(await post(BODY, standard(WHSEC))).toBe(204)
    expect(await ledger.countArrivals('customers')).toBe(1)
    expect(await told()).toEqual(['hint 7'])
  })
})

describe('schemes of their own', () => {
  it('GitHub: takes the published example, and no other', async () => {
    const { post } = await openWebhooks({ scheme: 'github', secrets: ["It's a Secret to Everybody"], events: EVENTS })
    const signature = 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17'
    const headers = { 'x-hub-signature-256': signature, 'x-github-event': 'push', 'x-github-delivery': '1' }
    // Verified, and no JSON.
    expect(await post('Hello, World!', headers)).toBe(400)
    expect(await post('Hello, World?', headers)).toBe(401)
    expect(await post('Hello, World!', { ...headers, 'x-hub-signature-256': signature.slice(7) })).toBe(401)
  })

  it('Shopify: topics and ids are in headers', async () => {
    const events = [
      { topic: 'customers/delete', collection: 'customers', is: 'removed', id: 'id' },
      { topic: 'customers/*', collection: 'customers', id: 'id' },
    ]
    const { post, told } = await openWebhooks({ scheme: 'shopify', secrets: [SECRET], events })
    const tell = (id: string, topic: string, body: string) =>
      post(body, {
        'x-shopify-hmac-sha256': hmac('sha256', SECRET, body, 'base64'),
        'x-shopify-topic': topic,
        'x-shopify-webhook-id': id,
      })
    expect(await tell('a', 'customers/update', '{"id":706405506930370000}')).toBe(204)
    expect(await tell('b', 'customers/delete', '{"id":8}')).toBe(204)
    expect(await tell('c', 'orders/create', '{"id":9}')).toBe(204)
    expect(await told()).toEqual(['hint 706405506930370000', 'gone 8'])
    expect(await told('orders')).toEqual([])
  })

  it('Stripe: the time is in the header with the signatures', async () => {
    const events = [{ topic: 'customer.updated', collection: 'customers', id: 'data.object.id' }]
    const { post, told } = await openWebhooks({ scheme: 'stripe', secrets: ['whsec_stripe', SECRET], events })
    const body = '{"id":"evt_1","type":"customer.updated","data":{"object":{"id":"cus_9"}}}'
    const sign = (seconds: number, secret = 'whsec_stripe') => hmac('sha256', secret, `${seconds}.${body}`, 'hex')
    const of = (text: string) => ({ 'stripe-signature': text })
    expect(await post(body, of(`t=${NOW_S - 301},v1=${sign(NOW_S - 301)}`))).toBe(401)
    expect(await post(body, of(`t=${NOW_S},v1=${sign(NOW_S - 1)}`))).toBe(401)
    expect(await post(body, of(`t=${NOW_S},v0=${sign(NOW_S)}`))).toBe(401)
    expect(await post(body, of(`v1=${sign(NOW_S)}`))).toBe(401)
    expect(await post(body, of(`t=${NOW_S},v1=${'0'.repeat(64)},v1=${sign(NOW_S)},v0=aa`))).toBe(204)
    expect(await told()).toEqual(['hint cus_9'])
  })

  it('WooCommerce: its unsigned ping is answered and stores nothing', async () => {
    const { post, told, app } = await openWebhooks({ scheme: 'woocommerce', secrets: [SECRET], events: EVENTS })
    const ping = (body: string) => app.request('/hooks/shop', { method: 'POST', body })
    expect((await ping('webhook_id=12')).status).toBe(200)
    expect((await ping('webhook_id=12&id=7')).status).toBe(401)
    expect(await told()).toEqual([])
    const signature = { 'x-wc-webhook-signature': hmac('sha256', SECRET, BODY, 'base64') }
    expect(await post(BODY, { ...signature, 'x-wc-webhook-delivery-id': '1' })).toBe(204)
    expect(await told()).toEqual(['hint 7'])
  })

  it('any other that signs: header, algorithm, encoding, prefix, what is signed and when', async () => {
    const { post } = await openWebhooks({
      scheme: 'hmac',
      secrets: [SECRET],
      events: EVENTS,
      hmac: {
        header: 'X-Sign',
        algorithm: 'sha512',
        encoding: 'base64',
        prefix: 'a=',
        signed: 'https://sync.example/hooks/shop|{header.x-time}|{body}',
        timestamp: '{header.x-time}',
      },
    })
    const signed = (time: string) => ({
      'x-time': time,
      'x-sign': `a=${hmac('sha512', SECRET, `https://sync.example/hooks/shop|${time}|${BODY}`, 'base64')}`,
    })
    expect(await post(BODY, signed(String(NOW_MS)))).toBe(204)
    expect(await post(BODY, signed(new Date(NOW_MS).toISOString()))).toBe(204)
    expect(await post(BODY, signed(new Date(NOW_MS - 301_000).toISOString()))).toBe(401)
    expect(await post(BODY, { ...signed(String(NOW_MS)), 'x-time': String(NOW_MS + 1) })).toBe(401)
  })
})

describe('a token', () => {
  const TOKEN = 'a-token-of-more-than-22-characters'
  const events = [{ collection: 'customers', record: '' }]

  it('in the address: whoever has it may make us look, and nothing more', async () => {
    const { post, told } = await openWebhooks({ scheme: 'token', secrets: [TOKEN, `${TOKEN}-old`], events })
    expect(await post(BODY, {}, `/hooks/shop/${TOKEN}`)).toBe(204)
    expect(await post(BODY, {}, `/hooks/shop/${TOKEN}-old`)).toBe(204)
    for (const wrong of ['x', `${TOKEN}x`, TOKEN.toUpperCase()]) {
      expect(await post(BODY, {}, `/hooks/shop/${wrong}`)).toBe(404)
    }
    expect(await post(BODY)).toBe(401)
    expect(await told()).toEqual(['hint 7'])
  })

  it('in a header', async () => {
    const token = { header: 'Authorization', prefix: 'Bearer ' }
    const { post, told } = await openWebhooks({ scheme: 'token', secrets: [TOKEN], token, events })
    expect(await post(BODY, { authorization: `Bearer ${TOKEN}` })).toBe(204)
    for (const wrong of ['', TOKEN, `Bearer  ${TOKEN}`, `Bearer ${TOKEN}x`]) {
      expect(await post(BODY, { authorization: wrong })).toBe(401)
    }
    expect(await post(BODY, {}, `/hooks/shop/${TOKEN}`)).toBe(404)
    expect(await told()).toEqual(['hint 7'])
  })
})
