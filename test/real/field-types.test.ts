import { describeFieldTypes } from './field-types-cases.ts'

describeFieldTypes('19', 'json2')
describeFieldTypes('19', 'xmlrpc')
