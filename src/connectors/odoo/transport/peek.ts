/** The first bytes of a stream, at least so many if it has them, as Latin-1; and all of it, to be read once. */
export async function peek(
  source: AsyncIterable<Uint8Array>,
  atLeast: number,
): Promise<{ readonly head: string; readonly all: AsyncIterable<Uint8Array> }> {
  const pieces = source[Symbol.asyncIterator]()
  const seen: Uint8Array[] = []
  for (let length = 0; length < atLeast; ) {
    const next = await pieces.next()
    if (next.done) break
    seen.push(next.value)
    length += next.value.length
  }
  return { head: Buffer.concat(seen).toString('latin1'), all: chained(seen, pieces) }
}

async function* chained(first: readonly Uint8Array[], rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* first
  yield* { [Symbol.asyncIterator]: () => rest }
}
