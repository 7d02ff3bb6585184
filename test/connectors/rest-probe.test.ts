import { describe, expect, it } from 'vitest'
import { createRestConnector } from '../../src/connectors/rest/index.ts'
import type { SyncError } from '../../src/contract/error.ts'
import { type ApiOptions, startApi } from './rest-api.ts'

const signal = new AbortController().signal
const LIST = { path: '/items', items: 'data.items', paging: { by: 'page', size: 'size', limit: 3 } }
const CHANGES = { field: 'updated_at', filters: [{ since: '{since}' }], resolution: '1ms' }

/** What a probe of five records says, by topic. */
async function probe(options: ApiOptions, definition: object): Promise<Map<string, string>> {
  const api = await startApi(options)
  const connector = createRestConnector({ url: api.url, collections: { items: definition } }, 'shop')
  try {
    for (const n of [1, 2, 3, 4, 5]) api.insert({ code: `K${n}`, name: 'same' })
    const findings = await connector.collection({ spec: 'items', fields: [], consumer: 'probe' }).probe?.(signal)
    expect(api.requests.every((line) => line.startsWith('GET'))).toBe(true)
    return new Map(findings?.map(({ topic, found, hint }) => [topic, `${found} → ${hint}`]))
  } finally {
    await connector[Symbol.asyncDispose]()
    await api.close()
  }
}

describe('a probe', () => {
  it('of a described collection finds what is there, and only reads', async () => {
    const said = await probe(
      { paging: 'page' },
      {
        list: LIST,
        changes: CHANGES,
        fields: { code: 'text', nickname: 'text' },
        read: { path: '/items/{id}', item: 'item' },
        find: {
          code: { path: '/items', query: { code: '{values}' }, items: 'data.items' },
          name: { path: '/items', query: { label: '{values}' }, items: 'data.items' },
        },
      },
    )
    expect(said.get('pages')).toContain('3 + 2 records, which is all')
    expect(said.get('other fields')).toContain('name (text)')
    expect(said.get('never seen')).toContain('nickname')
    expect(said.get('key')).toContain('code: in every record')
    expect(said.get('update time')).toContain('"updated_at"')
    expect(said.get('change filter')).toContain('is respected')
    expect(said.get('reading one')).toContain('gives an ETag')
    expect(said.get('find by code')).toContain('works')
    expect(said.get('rate limits')).toContain('null')
  })

  it('says that a page parameter or a filter is ignored', async () => {
    const paging = { by: 'offset', offset: 'skip', size: 'size', limit: 3 }
    const said = await probe({ paging: 'none', ignoresFilter: true }, { list: { ...LIST, paging }, changes: CHANGES })
    expect(said.get('pages')).toContain('more than once')
    expect(said.get('change filter')).toContain('ignore')
  })

  it('says where the update time is empty, and that it is cut', async () => {
    const definition = { list: LIST, changes: { ...CHANGES, field: 'created_at' } }
    expect((await probe({ paging: 'page', wholeSeconds: true }, definition)).get('update time')).toContain(
      'whole seconds',
    )
    const said = await probe({ paging: 'page', nullOnCreate: true }, { list: LIST, changes: CHANGES })
    expect(said.get('update time')).toContain('empty in 5 of 5')
  })

  it('says where the list is, if it is not where the configuration has it', async () => {
    const failure = await probe({ paging: 'page' }, { list: { path: '/items', items: 'rows' } }).catch(
      (e: unknown) => e,
    )
    expect((failure as SyncError).advice).toContain('Set `items` to "data.items"')
  })
})
