import { describeRelations } from './relations-cases.ts'

describeRelations('19', 'json2')
