import { describeProtocol } from '../protocol-cases.ts'

describeProtocol('19', 'json2', { reading: true })
