import { workflowCases } from './workflow-cases.ts'

for (const protocol of ['jsonrpc', 'xmlrpc', 'session'] as const) workflowCases('19', protocol)
