import { describeErrorCases, type ErrorCase } from './odoo-error-case.ts'
import type { Lab } from './odoo-lab.ts'

const ODOO = 'odoo.exceptions'

const DOMAINS: readonly ErrorCase[] = [
  {
    title: 'a domain that is a string',
    method: 'search',
    body: { domain: 'x' },
    status: 500,
    name: 'builtins.TypeError',
    message: /invalid argument type for domain/,
  },
  {
    title: 'a condition with two parts',
    method: 'search',
    body: { domain: [['name', '=']] },
    status: 500,
    name: 'builtins.ValueError',
    message: /invalid item in domain/,
  },
  {
    title: 'an operator without its operands',
    method: 'search',
    body: { domain: ['&', ['name', '=', 'x']] },
    status: 500,
    name: 'builtins.ValueError',
    message: /malformed domain/,
  },
  {
    title: 'an unknown operator',
    method: 'search',
    body: { domain: [['name', '~~', 'x']] },
    status: 500,
    name: 'builtins.ValueError',
    message: /^Invalid operator in condition/,
  },
  {
    title: 'an unknown field in a domain',
    method: 'search',
    body: { domain: [['nope', '=', 'x']] },
    status: 500,
    name: 'builtins.ValueError',
    message: /^Invalid field res.partner.nope in condition/,
  },
  {
    title: 'an unknown field behind a dot',
    method: 'search',
    body: { domain: [['country_id.nope', '=', 'x']] },
    status: 500,
    name: 'builtins.ValueError',
    message: /^Invalid field res.country.nope/,
  },
  {
    title: 'a datetime that is none',
    method: 'search',
    body: { domain: [['write_date', '>', 'abc']] },
    status: 500,
    name: 'builtins.ValueError',
    message: /abc/,
  },
  {
    title: 'an unknown field to order by',
    method: 'search',
    body: { domain: [], order: 'nope' },
    status: 500,
    name: 'builtins.ValueError',
    message: /^Invalid field 'nope'/,
  },
  {
    title: 'an order that is none',
    method: 'search',
    body: { domain: [], order: 'name sideways' },
    status: 422,
    name: `${ODOO}.UserError`,
    message: /^Invalid "order" specified \(name sideways\)/,
  },
]

export function describeSearchErrors(inLab: () => Lab): void {
  describeErrorCases(inLab, 'refuses a search for', DOMAINS)
}
