import { keysCases } from './keys-cases.ts'

keysCases('14')
