import { describeCheck } from './check-cases.ts'

describeCheck('14')
