import { expect, test } from 'vitest'
import { odooError } from '../../src/connectors/odoo/transport/errors.ts'
import { pythonName } from '../../src/connectors/odoo/transport/odoo-fault.ts'

const call = { model: 'res.partner', method: 'write', changesData: true, retryAfterMs: null }
const fault = (name: string) => ({
  name,
  message: 'Line one.\n\n  Line two.',
  arguments: [],
  debug: 'Traceback canary',
})

test.each([
  [401, 'werkzeug.exceptions.Unauthorized', 'unauthorized', false],
  [403, 'odoo.exceptions.AccessDenied', 'unauthorized', false],
  [403, 'odoo.exceptions.AccessError', 'forbidden_record', false],
  [404, 'odoo.exceptions.MissingError', 'invalid', false],
  [404, 'werkzeug.exceptions.NotFound', 'schema', false],
  [409, 'odoo.exceptions.LockError', 'busy', false],
  [422, 'odoo.exceptions.ValidationError', 'invalid', false],
  [422, 'odoo.exceptions.UserError', 'invalid', false],
  [422, 'odoo.addons.some_module.exceptions.OwnError', 'invalid', false],
  [422, 'werkzeug.exceptions.UnprocessableEntity', 'unexpected', false],
  [400, 'werkzeug.exceptions.BadRequest', 'unexpected', false],
  [500, 'builtins.ValueError', 'invalid', false],
  [500, 'builtins.KeyError', 'invalid', false],
  [500, 'psycopg2.errors.UniqueViolation', 'constraint', false],
  [500, 'psycopg2.errors.NumericValueOutOfRange', 'invalid', false],
  [500, 'psycopg2.errors.SomethingNew', 'invalid', false],
  [500, 'psycopg2.errors.SerializationFailure', 'busy', false],
  [500, 'psycopg2.errors.LockNotAvailable', 'busy', false],
  [500, 'psycopg2.pool.PoolError', 'unavailable', false],
  [500, 'psycopg2.OperationalError', 'server', true],
  [500, 'requests.exceptions.ConnectionError', 'server', false],
])('%i %s is %s', (status, name, code, inDoubt) => {
  const error = odooError(status, fault(name), call)
  expect(error).toMatchObject({ code, inDoubt })
  expect(pythonName(error)).toBe(name)
  expect(error.message).toBe('Odoo refused res.partner.write: Line one. Line two.')
  expect(JSON.stringify([error, error.cause, error.stack])).not.toContain('canary')
})

test.each([
  [500, 'server', true],
  [502, 'unavailable', true],
  [504, 'timeout', true],
  [503, 'unavailable', false],
  [429, 'rate_limited', false],
  [413, 'too_large', false],
  [404, 'config', false],
  [302, 'config', false],
  [200, 'config', false],
  [401, 'unauthorized', false],
  [403, 'forbidden', false],
  [418, 'unexpected', false],
])('a page that Odoo did not write, with status %i, is %s', (status, code, inDoubt) => {
  expect(odooError(status, undefined, call)).toMatchObject({ code, inDoubt })
  expect(odooError(status, undefined, { ...call, changesData: false }).inDoubt).toBe(false)
})

test('Retry-After is handed on', () => {
  expect(odooError(429, undefined, { ...call, retryAfterMs: 7000 }).retryAfterMs).toBe(7000)
  expect(odooError(503, fault('werkzeug.exceptions.ServiceUnavailable'), { ...call, retryAfterMs: 1 })).toMatchObject({
    code: 'unavailable',
    retryAfterMs: 1,
  })
})
