import { workflowCases } from './workflow-cases.ts'

for (const protocol of ['jsonrpc', 'xmlrpc', 'session'] as const) workflowCases('14', protocol)
