export { type CaseName, type ConnectorSetup, describeConnector } from '../../src/testing/connector-suite.ts'
