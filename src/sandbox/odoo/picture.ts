import { crc32, deflateSync } from 'node:zlib'

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])

/** Pictures of the stand-in are PNGs. */
export function isPicture(bytes: Buffer): boolean {
  return bytes.subarray(0, 8).equals(SIGNATURE) && bytes.subarray(12, 16).toString('latin1') === 'IHDR'
}

/**
 * A picture with no side longer than `maxPixels`: as it is, or, where it is larger, one of the smaller size. The stand-in
 * paints that one grey: it matters that it is another file than the one that was sent.
 */
export function shrunkPicture(bytes: Buffer, maxPixels: number): Buffer {
  const [width, height] = [bytes.readUInt32BE(16), bytes.readUInt32BE(20)]
  const scale = maxPixels / Math.max(width, height)
  if (scale >= 1) return bytes
  return greyPicture(Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale)))
}

function greyPicture(width: number, height: number): Buffer {
  const head = Buffer.alloc(13)
  head.writeUInt32BE(width, 0)
  head.writeUInt32BE(height, 4)
  head.set([8, 0, 0, 0, 0], 8)
  const rows = Buffer.alloc((width + 1) * height, 128)
  for (let row = 0; row < height; row++) rows[row * (width + 1)] = 0
  const parts = [chunk('IHDR', head), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))]
  return Buffer.concat([SIGNATURE, ...parts])
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const length = Buffer.alloc(4)
  length.writeUInt32BE(data.length)
  const sum = Buffer.alloc(4)
  sum.writeUInt32BE(crc32(body))
  return Buffer.concat([length, body, sum])
}
