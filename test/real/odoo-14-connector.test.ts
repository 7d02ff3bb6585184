import { PROTOCOLS_OF } from './environment.ts'
import { describeOdooConnector } from './odoo-connector-cases.ts'

// What is read by `write_date` is the same over each of them.
for (const protocol of PROTOCOLS_OF['14']) describeOdooConnector('14', protocol, { reading: protocol === 'jsonrpc' })
