import { describeCompanies } from './companies-cases.ts'

describeCompanies('19', 'json2')
