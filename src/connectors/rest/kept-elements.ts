import type { Fields, Value } from '../../contract/value.ts'
import { isObject, type JsonPath, listAt, nest, textAt } from '../../http/json-path.ts'
import type { Resource } from './resource.ts'

/** Those lists of the collection of which only an element is written. */
export function replacedLists({ definition }: Resource, fields: Fields): readonly JsonPath[] {
  const paths = Object.keys(fields)
  return Object.keys(definition.lists).filter((list) => paths.some((path) => path.startsWith(`${list}.[`)))
}

/**
 * What is written, with the elements that the record has besides: an API that replaces a list would otherwise take them away.
 * @param fields by path, as is the result.
 * @param properties what elements are sent with, by list.
 */
export function keepElements(
  fields: Fields,
  record: Value,
  lists: readonly JsonPath[],
  properties: Readonly<Record<JsonPath, readonly string[]>>,
): Fields {
  const others = Object.entries(fields).filter(([path]) => !lists.some((list) => path.startsWith(`${list}.[`)))
  const merged = lists.map((list): [JsonPath, Value] => {
    const kept = (listAt(record, list) ?? []).map((element) => pick(element, properties[list] ?? []))
    return [list, (listAt(nest(fields), list) ?? []).reduce<readonly Value[]>(withElement, kept) as Value]
  })
  return Object.fromEntries([...others, ...merged])
}

/** An element is the same where what names it is, which comes first: what is not written of it stays. */
function withElement(elements: readonly Value[], written: Value): readonly Value[] {
  const [name = ''] = isObject(written) ? Object.keys(written) : []
  const index = elements.findIndex((element) => name !== '' && textAt(element, name) === textAt(written, name))
  const known = elements[index]
  if (!isObject(known) || !isObject(written)) return [...elements, written]
  return elements.with(index, { ...known, ...written, [name]: known[name] as Value })
}

function pick(element: Value, names: readonly string[]): Value {
  if (!isObject(element)) return element
  return Object.fromEntries(names.flatMap((name) => (name in element ? [[name, element[name] as Value]] : [])))
}
