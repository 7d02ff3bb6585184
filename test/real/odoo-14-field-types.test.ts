import { describeFieldTypes } from './field-types-cases.ts'

describeFieldTypes('14', 'jsonrpc')
describeFieldTypes('14', 'xmlrpc')
