import { describeMerge } from './merge-cases.ts'

describeMerge('14', 'jsonrpc')
