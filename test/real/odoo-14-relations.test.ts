import { describeRelations } from './relations-cases.ts'

describeRelations('14', 'jsonrpc')
