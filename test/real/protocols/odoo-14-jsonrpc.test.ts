import { describeProtocol } from '../protocol-cases.ts'

describeProtocol('14', 'jsonrpc', { reading: true })
