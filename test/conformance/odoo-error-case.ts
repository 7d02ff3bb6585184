import { describe, expect, it } from 'vitest'
import { type Body, type CallOptions, type Lab, PARTNER } from './odoo-lab.ts'

/** A call that Odoo must refuse, of `res.partner` unless it says otherwise. */
export interface ErrorCase {
  readonly title: string
  readonly model?: string
  readonly method: string
  readonly body: Body
  readonly options?: CallOptions
  readonly status: number
  /** The Python class. */
  readonly name: string
  readonly message: RegExp
}

export function describeErrorCases(inLab: () => Lab, group: string, cases: readonly ErrorCase[]): void {
  describe(group, () => {
    it.each(cases)('$title', async ({ model = PARTNER, method, body, options, status, name, message }) => {
      const error = await inLab().fail(model, method, body, options)
      expect(error).toMatchObject({ status, name, message: expect.stringMatching(message) as string, context: {} })
      expect(error.arguments[0]).toEqual(error.message)
      expect(error.debug).toContain('Traceback')
    })
  })
}
