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
      const lab = inLab()
      const error = await lab.fail(model, method, body, options)
      if (lab.odoo.protocol !== 'json2') {
        // Each version has its own words for the same class.
        const text: unknown = lab.odoo.series === '19' ? expect.stringMatching(message) : expect.any(String)
        expect(error).toEqual({ ...lab.failure(status, name), message: text })
        return
      }
      expect(error).toMatchObject({ status, name, message: expect.stringMatching(message) as string, context: {} })
      expect(error.arguments?.[0]).toEqual(error.message)
      expect(error.debug).toContain('Traceback')
    })
  })
}
