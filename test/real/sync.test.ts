import { describeSync } from './sync-cases.ts'

describeSync('19', 'json2')
describeSync('19', 'session')
