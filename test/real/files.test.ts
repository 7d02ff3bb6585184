import { describeDocuments } from './documents-cases.ts'
import { describePictures } from './pictures-cases.ts'

describePictures('19', 'json2')
describeDocuments('19', 'json2')
