import { CHILD_TABLE, linesCases } from './lines-cases.ts'

for (const protocol of ['jsonrpc', 'xmlrpc'] as const) {
  linesCases({ series: '19', protocol, shops: [CHILD_TABLE], withCrashes: false })
}
