/**
 * A field's value as every connector gives and takes it: JSON, with these rules, so that values of two systems can be
 * compared at all.
 *
 * - null is "empty". A field that is missing from `Fields` is "not known, not changed", which is something else.
 * - Integers beyond 2^53 and decimals that a double cannot hold are strings of digits ("12345678901234567890", "0.10"
 *   never: decimals carry no trailing zeros, so "0.1").
 * - A date is "2026-11-21"; a datetime is UTC with a Z, "2026-11-21T08:30:00Z", with a fraction only where it is not 0.
 * - Binary is base64, or a reference to content (content.ts) where the connector streams it.
 * - A reference to another record is that record's id, as the system names it (a number in Odoo).
 * - A set of references is an array of such ids, each once and in ascending order, so that equal sets are equal values.
 *   An empty set is an empty array.
 */
export type Value = null | boolean | number | string | readonly Value[] | { readonly [name: string]: Value }

/** Values by field name. A missing name means "not known" when read and "leave as it is" when written. */
export type Fields = Readonly<Record<string, Value>>
