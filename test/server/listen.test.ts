import { once } from 'node:events'
import { connect } from 'node:net'
import { Hono } from 'hono'
import { expect, it } from 'vitest'
import { listen } from '../../src/server/listen.ts'

const HOST = '127.0.0.1'

it('takes a free port, and says so when one is taken', async () => {
  const first = await listen(new Hono(), { host: HOST, port: 0 })
  await expect(listen(new Hono(), { host: HOST, port: first.port })).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining(`127.0.0.1:${first.port}`),
  })
  await first.close(1000)
  const second = await listen(new Hono(), { host: HOST, port: first.port })
  await second.close(1000)
  await expect(listen(new Hono(), { host: '192.0.2.1', port: 0 })).rejects.toMatchObject({ code: 'config' })
})

it('finishes what is under way when it is closed, and takes nothing new', async () => {
  let answer = (): void => {}
  let begun = (): void => {}
  const isBegun = new Promise<void>((resolve) => {
    begun = resolve
  })
  const app = new Hono().get('/', async (context) => {
    begun()
    await new Promise<void>((resolve) => {
      answer = resolve
    })
    return context.text('done')
  })
  const server = await listen(app, { host: HOST, port: 0 })
  const idle = connect(server.port, HOST)
  await once(idle, 'connect')
  const asked = fetch(`http://${HOST}:${server.port}/`)
  await isBegun
  const closed = server.close(10_000)
  await expect(fetch(`http://${HOST}:${server.port}/`)).rejects.toThrow()
  answer()
  expect(await (await asked).text()).toBe('done')
  idle.destroy()
  await closed
})

it('cuts off what does not end', async () => {
  let begun = (): void => {}
  const isBegun = new Promise<void>((resolve) => {
    begun = resolve
  })
  const app = new Hono().get('/', () => {
    begun()
    return new Promise<Response>(() => {})
  })
  const server = await listen(app, { host: HOST, port: 0 })
  const asked = fetch(`http://${HOST}:${server.port}/`)
  await isBegun
  await Promise.all([server.close(10), expect(asked).rejects.toThrow()])
})
