/** Each but the UTF-16 ones has ASCII where ASCII is, so that separators are found without decoding. */
export const ENCODINGS = [
  'utf-8',
  'utf-16',
  'utf-16le',
  'utf-16be',
  'latin1',
  'windows-1250',
  'windows-1251',
  'windows-1252',
  'windows-1253',
  'windows-1254',
  'windows-1257',
  'iso-8859-1',
  'iso-8859-2',
  'iso-8859-5',
  'iso-8859-7',
  'iso-8859-15',
] as const
export type Encoding = (typeof ENCODINGS)[number]

/** How the bytes of one file are read. */
export interface FileEncoding {
  readonly name: Encoding
  /** The length of its byte order mark. */
  readonly markBytes: number
}

/** What a file's first bytes say; a byte order mark counts more than the configuration. */
export function encodingOf(head: Uint8Array, configured: Encoding): FileEncoding {
  if (head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf) return { name: 'utf-8', markBytes: 3 }
  if (head[0] === 0xff && head[1] === 0xfe) return { name: 'utf-16le', markBytes: 2 }
  if (head[0] === 0xfe && head[1] === 0xff) return { name: 'utf-16be', markBytes: 2 }
  return { name: configured === 'utf-16' ? 'utf-16le' : configured, markBytes: 0 }
}

export function isWide(encoding: Encoding): boolean {
  return encoding.startsWith('utf-16')
}

/** Turns pieces of UTF-16 into UTF-8, in which separators are single bytes. Everything else passes as it is. */
export function createTranscoder(encoding: Encoding): (piece: Buffer) => Buffer {
  if (!isWide(encoding)) return (piece) => piece
  const decoder = new TextDecoder(encoding, { ignoreBOM: true })
  return (piece) => Buffer.from(decoder.decode(piece, { stream: true }), 'utf8')
}

/** Decodes what a transcoder gave. @throws TypeError where the bytes are no text in this encoding. */
export function createDecoder(encoding: Encoding): (bytes: Uint8Array) => string {
  const decoder = new TextDecoder(isWide(encoding) ? 'utf-8' : encoding, { fatal: true, ignoreBOM: true })
  return (bytes) => decoder.decode(bytes)
}

/** How many bytes of the file a transcoded slice was. */
export function sourceLength(encoding: Encoding, slice: Buffer): number {
  return isWide(encoding) ? slice.toString('utf8').length * 2 : slice.length
}

/** Encodes outgoing text. The answer to a text that cannot be written is null. */
export function createEncoder(encoding: Encoding): (text: string) => Buffer | null {
  if (encoding === 'utf-8') return (text) => Buffer.from(text, 'utf8')
  if (encoding === 'utf-16be') return (text) => Buffer.from(text, 'utf16le').swap16()
  if (isWide(encoding)) return (text) => Buffer.from(text, 'utf16le')
  const bytes = new Map<string, number>()
  const decoder = new TextDecoder(encoding)
  for (let byte = 0; byte < 256; byte++) {
    const letter = decoder.decode(Uint8Array.of(byte))
    if (letter !== '�') bytes.set(letter, byte)
  }
  return (text) => {
    const encoded = [...text].map((letter) => bytes.get(letter) ?? -1)
    return encoded.includes(-1) ? null : Buffer.from(encoded)
  }
}

export function byteOrderMark(encoding: Encoding): Buffer {
  if (encoding === 'utf-16be') return Buffer.from([0xfe, 0xff])
  if (isWide(encoding)) return Buffer.from([0xff, 0xfe])
  return encoding === 'utf-8' ? Buffer.from([0xef, 0xbb, 0xbf]) : Buffer.alloc(0)
}
