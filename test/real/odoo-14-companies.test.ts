import { describeCompanies } from './companies-cases.ts'

describeCompanies('14', 'jsonrpc')
