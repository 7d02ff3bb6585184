import { SyncError } from '../../contract/error.ts'
import type { Value } from '../../contract/value.ts'
import { textAt, valueAt } from '../../http/json-path.ts'
import type { JsonAnswer } from '../../http/request-json.ts'
import type { Paging } from './call-schema.ts'

/** Where a list has been read to; the text of it is kept in cursors. */
export interface Place {
  /** The page's number, offset, cursor or id; null: the first page. */
  readonly value: string | number | null
  /** The page's whole address, where the API gave one. */
  readonly address: string | null
  /** The longest page so far: a shorter one is the last. */
  readonly longest: number
  /** How many records at the beginning of the page have been dealt with. */
  readonly skip: number
}

/** What is added to the query for the page at `place`, or the address that takes its place. */
export interface PageRequest {
  readonly query: Readonly<Record<string, Value>>
  readonly address?: string
}

export const START: Place = { value: null, address: null, longest: 0, skip: 0 }

/** The size of page that reads fastest. */
export function pageLimit(paging: Paging): number {
  return paging.by === 'none' ? 1000 : paging.limit
}

/**
 * @param limit how many records are wanted. More than the paging's own limit is never asked for; numbered pages all have
 * the same size, or their numbers would mean nothing.
 */
export function pageRequest(paging: Paging, place: Place, limit: number): PageRequest {
  const { value, address, skip } = place
  if (address !== null) return { query: {}, address }
  if (paging.by === 'none') return { query: {} }
  const wanted = paging.by === 'page' ? paging.limit : Math.min(limit + skip, paging.limit)
  const size = paging.size === undefined ? {} : { [paging.size]: wanted }
  switch (paging.by) {
    case 'page':
      return { query: { ...size, [paging.page]: value ?? paging.first } }
    case 'offset':
      return { query: { ...size, [paging.offset]: value ?? 0 } }
    case 'cursor':
      return { query: { ...size, [paging.cursor]: value } }
    case 'keyset':
      return { query: { ...size, [paging.after]: value } }
    case 'link':
    case 'next':
      return { query: size }
  }
}

/**
 * Where to go on after `taken` of the `count` records in the page; null: that was the end. A page that is shorter than
 * asked for need not be the last (the API may cap the size): only an empty one is, or one that is shorter than another
 * before it.
 * @param page.lastId what a keyset goes on from: the last record's id.
 * @throws SyncError `unexpected` where the next page would be this one again.
 */
export function nextPlace(
  paging: Paging,
  place: Place,
  answer: JsonAnswer,
  page: { readonly count: number; readonly taken: number; readonly lastId: string | null },
): Place | null {
  const done = place.skip + page.taken
  if (done < page.count) return { ...place, skip: done }
  const next = follow(paging, place, answer, page.count, page.lastId)
  if (next !== null && next.value === place.value && next.address === place.address) {
    throw new SyncError('unexpected', 'The API names the page that it has just given as the next one', {
      hint: 'Check `paging` of the collection.',
    })
  }
  return next
}

function follow(paging: Paging, place: Place, answer: JsonAnswer, count: number, lastId: string | null): Place | null {
  const longest = Math.max(count, place.longest)
  const isShort = count === 0 || count < longest
  const at = (value: string | number): Place => ({ value, address: null, longest, skip: 0 })
  const atAddress = (address: string | null): Place | null =>
    address === null || address === '' ? null : { value: null, address, longest, skip: 0 }
  switch (paging.by) {
    case 'none':
      return null
    case 'page': {
      const page = Number(place.value ?? paging.first)
      const pages = numberAt(answer, paging.pages)
      const hasMore = pages === null ? !isShort : page - paging.first + 1 < pages
      return hasMore ? at(page + 1) : null
    }
    case 'offset': {
      const offset = Number(place.value ?? 0) + count
      const total = numberAt(answer, paging.total)
      const hasMore = total === null ? !isShort : count > 0 && offset < total
      return hasMore ? at(offset) : null
    }
    case 'cursor': {
      const cursor = textAt(answer.body, paging.next)
      if (paging.more !== undefined && valueAt(answer.body, paging.more) !== true) return null
      return cursor === null || cursor === '' ? null : at(cursor)
    }
    case 'keyset': {
      const total = numberAt(answer, paging.total)
      const hasMore = total === null ? !isShort : total > count
      return hasMore && lastId !== null ? at(lastId) : null
    }
    case 'next':
      return atAddress(textAt(answer.body, paging.next))
    case 'link':
      return atAddress(linkNext(answer.headers.link))
  }
}

function numberAt(answer: JsonAnswer, path: string | undefined): number | null {
  if (path === undefined) return null
  const number = Number(valueAt(answer.body, path) ?? Number.NaN)
  return Number.isNaN(number) ? null : number
}

/** The target of `rel="next"` in a Link header (RFC 8288). */
function linkNext(header: string | string[] | undefined): string | null {
  const text = Array.isArray(header) ? header.join(', ') : (header ?? '')
  for (const [, address = '', parameters = ''] of text.matchAll(
    /<([^>]*)>((?:\s*;\s*[^,;"=]+(?:=(?:"[^"]*"|[^,;]*))?)*)/g,
  )) {
    if (/;\s*rel\s*=\s*"?(?:[^"]*\s)?next(?:\s[^"]*)?"?\s*(?:;|$)/i.test(parameters)) return address
  }
  return null
}
