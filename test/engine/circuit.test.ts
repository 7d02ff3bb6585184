import { describe, expect, test } from 'vitest'
import { DISPOSITION, type ErrorCode } from '../../src/contract/error.ts'
import { abandoned, admit, answered, type Circuit, CLOSED, failed, speaksOfServer } from '../../src/engine/circuit.ts'

/** F a failure that speaks of the server, A an answer, G given up by us, ? a call that is asked for, + a second passes. */
function play(steps: string): { readonly state: string; readonly asked: string } {
  let circuit: Circuit = CLOSED
  let nowMs = 0
  let asked = ''
  for (const step of steps) {
    if (step === 'F') circuit = failed(circuit, nowMs)
    else if (step === 'A') circuit = answered(circuit)
    else if (step === 'G') circuit = abandoned(circuit)
    else if (step === '+') nowMs += 1000
    else {
      const admission = admit(circuit, nowMs)
      asked += admission.waitMs === null ? 'y' : 'n'
      circuit = admission.circuit
    }
  }
  return { state: circuit.state, asked }
}

describe('the circuit', () => {
  test.each([
    ['stays closed below five failures in a row', 'FFFF?', 'closed', 'y'],
    ['an answer between them begins the count anew', 'FFFFAFFFF?', 'closed', 'y'],
    ['opens at the fifth, and refuses', 'FFFFF?', 'open', 'n'],
    ['refuses until the pause is over', 'FFFFF++++?+?', 'half-open', 'ny'],
    ['lets one call through, and no other beside it', 'FFFFF+++++????', 'half-open', 'ynnn'],
    ['closes when the probe is answered', 'FFFFF+++++?A???', 'closed', 'yyyy'],
    ['opens for twice as long when the probe fails', 'FFFFF+++++?F+++++?+++++?', 'half-open', 'yny'],
    ['and closed once, begins with the short pause again', 'FFFFF+++++?F++++++++++?AFFFFF+++++?', 'half-open', 'yyy'],
    ['failures of calls that were sent before do not lengthen the pause', 'FFFFF++FFF+++?', 'half-open', 'y'],
    ['an answer to a call that was sent before closes it', 'FFFFFA?', 'closed', 'y'],
    ['a probe that we gave up is made again', 'FFFFF+++++?G?', 'half-open', 'yy'],
  ])('%s', (_what, steps, state, asked) => {
    expect(play(steps)).toEqual({ state, asked })
  })

  test('never pauses for more than a minute', () => {
    let circuit: Circuit = CLOSED
    let nowMs = 0
    for (let round = 0; round < 100; round++) {
      circuit = failed(circuit, nowMs)
      if (circuit.state !== 'open') continue
      expect(circuit.probeAtMs - nowMs).toBeLessThanOrEqual(60_000)
      nowMs = circuit.probeAtMs
      circuit = admit(circuit, nowMs).circuit
    }
  })

  test('says how long to wait', () => {
    const open: Circuit = { state: 'open', failures: 5, openings: 1, probeAtMs: 700 }
    expect(admit(open, 300).waitMs).toBe(400)
  })

  test('counts what speaks of the server, and nothing that one record may cause', () => {
    const speaking = (Object.keys(DISPOSITION) as ErrorCode[]).filter(speaksOfServer)
    expect(speaking).toEqual(['network', 'timeout', 'unavailable'])
  })
})
