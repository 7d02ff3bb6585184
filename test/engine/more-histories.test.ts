import { describe } from 'vitest'
import { checkHistories } from './check-histories.ts'
import { calmCommand, command } from './history.ts'
import { HINTS, PAGES, PEOPLE } from './variants.ts'

/** Apart from the others so that they run at the same time. */
describe('more random histories end in step', () => {
  checkHistories(HINTS, calmCommand, true)
  checkHistories(HINTS, command, false)
  checkHistories(PEOPLE, command, false)
  checkHistories(PAGES, command, false)
})
