import { CHILD_TABLE, JSON_COLUMN, linesCases } from './lines-cases.ts'

linesCases({ series: '19', protocol: 'json2', shops: [JSON_COLUMN, CHILD_TABLE], withCrashes: true })
