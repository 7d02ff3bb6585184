import { busCases } from './odoo-bus-cases.ts'

busCases('14')
