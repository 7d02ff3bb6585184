import { describeMerge } from './merge-cases.ts'

describeMerge('19', 'json2')
