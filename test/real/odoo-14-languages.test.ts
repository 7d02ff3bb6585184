import { describeLanguages } from './languages-cases.ts'

describeLanguages('14', 'jsonrpc')
