import { Command } from 'commander'
import type { Perform } from '../invocation.ts'
import { hooksCommand } from './hooks.ts'

/** What is only there for Odoo. */
export function odooCommand(perform: Perform): Command {
  return new Command('odoo').description('what Odoo itself has to be told').addCommand(hooksCommand(perform))
}
