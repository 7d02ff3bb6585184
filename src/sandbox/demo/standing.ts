import type { App } from '../../app.ts'
import { SIDES } from '../../mapping/mapping.ts'
import { counted, type Screen, seconds } from './screen.ts'

/** Tells how far each mapping is. */
export async function tellStanding(app: App, screen: Screen): Promise<void> {
  const nowMs = app.clock.nowMs()
  for (const { name } of app.files) {
    const links = await app.ledger.countLinks(name)
    const counts = await app.ledger.counts(name)
    const oldestMs = await app.ledger.oldestChangeMs(name)
    const sum = (field: 'pending' | 'waiting' | 'conflicts' | 'deadLetters'): number =>
      SIDES.reduce((total, side) => total + counts[side][field], 0)
    const parts = [
      `${String(links).padStart(4)} linked`,
      `${String(sum('pending') + sum('waiting')).padStart(3)} pending`,
      counted(sum('conflicts'), 'conflict').padStart(11),
      counted(sum('deadLetters'), 'dead letter').padStart(14),
      `lag ${seconds(oldestMs === null ? 0 : Math.max(0, nowMs - oldestMs))}`,
    ]
    screen.say(`   ${name.padEnd(11)}${parts.join('  ')}`, 'quiet')
  }
}
