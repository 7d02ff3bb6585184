import { expect } from 'vitest'
import type { ByteCounter } from './count-bytes.ts'
import type { RealTandem } from './tandem.ts'

/** Nothing is left to do: two more runs tell of nothing, transfer no file, and both sides are the same. */
export async function expectQuiet(tandem: RealTandem, counter?: ByteCounter): Promise<void> {
  counter?.take()
  tandem.events.length = 0
  await tandem.settle()
  await tandem.settle()
  expect(tandem.events).toEqual([])
  if (counter) expect(counter.take()).toEqual({ odoo: 0, external: 0 })
  expect(await tandem.differences()).toEqual([])
}
