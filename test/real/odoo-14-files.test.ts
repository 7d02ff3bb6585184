import { describeDocuments } from './documents-cases.ts'
import { describePictures } from './pictures-cases.ts'

describePictures('14', 'jsonrpc')
describeDocuments('14', 'jsonrpc')
