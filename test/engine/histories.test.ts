import { describe } from 'vitest'
import { checkHistories } from './check-histories.ts'
import { calmCommand, command } from './history.ts'
import { ARCHIVES, DELETES } from './variants.ts'

describe('random histories end in step', () => {
  checkHistories(ARCHIVES, calmCommand, true)
  checkHistories(ARCHIVES, command, false)
  checkHistories(DELETES, command, false)
})
