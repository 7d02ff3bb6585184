import { describe } from 'vitest'
import { checkHistories } from './check-histories.ts'
import { calmLineCommand, lineCommand } from './history.ts'
import { HINTED_LINES, LINES } from './variants.ts'

describe('random histories of records with lines end in step', () => {
  checkHistories(LINES, calmLineCommand, true)
  checkHistories(LINES, lineCommand, false)
  checkHistories(HINTED_LINES, lineCommand, false)
})
