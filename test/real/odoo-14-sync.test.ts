import { describeSync } from './sync-cases.ts'

describeSync('14', 'jsonrpc')
describeSync('14', 'xmlrpc')
