import type { JsonSchema } from '../../src/json-schema/json-schema.ts'
import { anchorOf, type Option, optionsOf } from './options-of.ts'

/**
 * The options of a schema in Markdown: a table of its own keys, and one for each shape, under a heading of that name.
 * `known` are the shapes that the page has already; what is told here is added.
 */
export function renderOptions(schema: JsonSchema, known: Set<string>): string {
  const { options, shapes } = optionsOf(schema)
  const fresh = shapes.filter(({ title }) => !known.has(title))
  for (const { title } of fresh) known.add(title)
  return [table(options), ...fresh.map((shape) => `### ${heading(shape.title)}\n\n${table(shape.options)}`)].join(
    '\n\n',
  )
}

function heading(title: string): string {
  const text = `${title.slice(0, 1).toUpperCase()}${title.slice(1)}`
  if (anchorOf(text) !== anchorOf(title)) throw new Error(`${title} makes no anchor`)
  return text
}

function table(options: readonly Option[]): string {
  return ['| option | type | default | meaning |', '|---|---|---|---|', ...options.map(row)].join('\n')
}

function row({ name, type, byDefault, isRequired, meaning }: Option): string {
  const standard = isRequired ? '**required**' : byDefault === null ? '' : code(byDefault)
  const cells = [code(name), type, standard, meaning].map((cell) => cell.replaceAll('|', '\\|').trim())
  return `| ${cells.join(' | ')} |`.replace(/ {2,}/g, ' ')
}

function code(text: string): string {
  return text.includes('`') ? `\`\` ${text} \`\`` : `\`${text}\``
}
