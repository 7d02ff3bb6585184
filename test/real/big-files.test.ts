import { describeBigFiles } from './big-files-cases.ts'

describeBigFiles('19')
