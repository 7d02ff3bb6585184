import { test } from '@fast-check/vitest'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { base64Length, decodeBase64Field, encodeBase64 } from '../../src/connectors/odoo/base64-stream.ts'
import { streamedBody } from '../../src/connectors/odoo/streamed-args.ts'

/** `bytes` cut at these places. */
async function* cut(bytes: Uint8Array, places: readonly number[]): AsyncGenerator<Uint8Array> {
  const ends = [...places.map((place) => place % (bytes.length + 1)), bytes.length].sort((a, b) => a - b)
  let from = 0
  for (const end of ends) {
    yield bytes.subarray(from, end)
    from = end
  }
}

async function gathered(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = []
  for await (const piece of pieces) all.push(piece)
  return Buffer.concat(all)
}

const places = fc.array(fc.nat(), { maxLength: 8 })
const signal = new AbortController().signal

describe('base64 in pieces', () => {
  test.prop([fc.uint8Array({ maxLength: 200 }), places])('is that of the whole', async (bytes, where) => {
    const text = (await gathered(encodeBase64(cut(bytes, where)))).toString()
    expect(text).toBe(Buffer.from(bytes).toString('base64'))
    expect(text).toHaveLength(base64Length(bytes.length))
  })

  test.prop([fc.uint8Array({ maxLength: 200 }), places, fc.constantFrom('', '\\n', '\\r\\n')])(
    'is read out of JSON, wherever it is cut, with line ends in it or without',
    async (bytes, where, lineEnd) => {
      const base64 = Buffer.from(bytes).toString('base64').replace(/.{8}/g, `$&${lineEnd}`)
      const json = Buffer.from(`{"jsonrpc": "2.0", "id": 1, "result": [{"id": 5, "datas": "${base64}"}]}`)
      expect(await gathered(decodeBase64Field(cut(json, where), 'datas'))).toEqual(Buffer.from(bytes))
    },
  )

  it.each(['[]', '[{"id": 5, "datas": false}]', '[{"id": 5, "datas": null}]', '[{"id": 5, "datas": ""}]'])(
    'is nothing in %s',
    async (json) => {
      expect(await gathered(decodeBase64Field(cut(Buffer.from(json), [3, 9]), 'datas'))).toHaveLength(0)
    },
  )

  it('that ends within the value is not whole', async () => {
    const json = Buffer.from('[{"id": 5, "datas": "QUJD')
    await expect(gathered(decodeBase64Field(cut(json, []), 'datas'))).rejects.toMatchObject({ code: 'network' })
  })

  it.each(['"1.96 Mb"', '"<svg/>"', '"a\\u0041"'])('is not %s', async (value) => {
    const json = Buffer.from(`[{"id": 5, "datas": ${value}}]`)
    await expect(gathered(decodeBase64Field(cut(json, []), 'datas'))).rejects.toMatchObject({ code: 'unexpected' })
  })
})

describe('the body of a call with files', () => {
  test.prop([fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 4 }), fc.jsonValue()])(
    'is the JSON of the arguments with base64 in their places, and exactly as long as it says',
    async (files, beside) => {
      const refs = files.map((file) => ({ checksum: 'sha1:x', size: file.length }))
      const streamed = new Map(
        refs.map((ref, index) => [ref, { size: ref.size, open: () => cut(files[index] ?? new Uint8Array(), [3]) }]),
      )
      const args = { vals_list: refs.map((ref) => ({ name: 'é"', datas: ref })), context: { beside: beside as string } }
      const { length, pieces } = streamedBody(JSON.stringify, args, streamed, signal)
      const body = await gathered(pieces)
      expect(body).toHaveLength(length)
      const vals = files.map((file) => ({ name: 'é"', datas: Buffer.from(file).toString('base64') }))
      expect(JSON.parse(body.toString())).toEqual({ vals_list: vals, context: JSON.parse(JSON.stringify({ beside })) })
    },
  )

  it('streams one object in two places twice', async () => {
    const ref = { checksum: 'sha1:x', size: 3 }
    const streamed = new Map([[ref, { size: 3, open: () => cut(Buffer.from('abc'), []) }]])
    const { pieces } = streamedBody(JSON.stringify, { a: ref, b: [ref] }, streamed, signal)
    expect((await gathered(pieces)).toString()).toBe('{"a":"YWJj","b":["YWJj"]}')
  })
})
