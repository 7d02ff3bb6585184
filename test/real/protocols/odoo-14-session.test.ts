import { describeProtocol } from '../protocol-cases.ts'

describeProtocol('14', 'session')
