import { describeOwnModule } from './own-module-cases.ts'

describeOwnModule('14')
