import { beforeEach, describe, expect, test } from 'vitest'
import { SyncError } from '../../src/contract/error.ts'
import { createLedgerTrouble, type LedgerTrouble } from '../../src/daemon/ledger-trouble.ts'

const FULL = new SyncError('ledger', 'the disk is full', { hint: 'Make room.' })

let said: string[]
let nowMs: number
let isFull: boolean
let trouble: LedgerTrouble

beforeEach(() => {
  said = []
  nowMs = 1000
  isFull = true
  const clock = { nowMs: () => nowMs, monotonicMs: () => nowMs }
  trouble = createLedgerTrouble((level, message) => said.push(`${level}: ${message}`), clock)
})

const ledger = {
  async proveWritable() {
    if (isFull) throw FULL
  },
}
const meet = (times: number): void => {
  for (let time = 0; time < times; time += 1) trouble.meet(FULL)
}

describe('a ledger in trouble', () => {
  test('is told of once, however often it is met, and once when it is over', async () => {
    meet(500)
    await trouble.look(ledger)
    expect(said).toEqual(['error: the disk is full. Make room.'])
    isFull = false
    await trouble.look(ledger)
    await trouble.look(ledger)
    expect(said.slice(1)).toEqual(['info: the ledger can be written again; it could not 500 times'])
    meet(1)
    expect(said.slice(2)).toEqual(['error: the disk is full. Make room.'])
  })

  test('is told of again where it lasts, and at once where it is another', () => {
    meet(3)
    nowMs += 11 * 60_000
    meet(2)
    expect(said.slice(1)).toEqual(['error: the disk is full. Make room. (met 4 times so far)'])
    trouble.meet(new SyncError('ledger', 'the disk cannot be read'))
    expect(said.slice(2)).toEqual(['error: the disk cannot be read'])
  })

  test('that never was is not written to', async () => {
    await trouble.look({
      proveWritable() {
        throw new Error('it was')
      },
    })
    expect(said).toEqual([])
  })
})
