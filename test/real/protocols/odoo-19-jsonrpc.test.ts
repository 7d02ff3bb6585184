import { describeProtocol } from '../protocol-cases.ts'

describeProtocol('19', 'jsonrpc')
