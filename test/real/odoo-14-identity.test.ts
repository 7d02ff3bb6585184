import { describeIdentity } from './identity-cases.ts'

describeIdentity('14')
