/** A value as a statement is to hold it. */
export type MysqlInput = null | number | bigint | string | Buffer

/** A text that means the same under every `sql_mode`. */
const PLAIN = /^[^\\'\p{Cc}]*$/u

/**
 * The value as a literal. Texts with a quote, a backslash or a control character go as their bytes, so that no setting of
 * the server can make anything else of them. Statements carry their values in their text, because a placeholder would
 * also be looked for in the operator's own conditions.
 */
export function literal(value: MysqlInput): string {
  if (value === null) return 'null'
  if (typeof value === 'number' || typeof value === 'bigint') return String(value)
  if (Buffer.isBuffer(value)) return `x'${value.toString('hex')}'`
  return PLAIN.test(value) ? `'${value}'` : `_utf8mb4 x'${Buffer.from(value).toString('hex')}'`
}

/** The identifier in backticks. */
export function quoteName(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``
}
