import { describeLanguages } from './languages-cases.ts'

describeLanguages('19', 'json2')
