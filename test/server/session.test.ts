import { describe, expect, it } from 'vitest'
import { newSession, SESSION_MS, sessionEndsMs } from '../../src/server/access/session.ts'

const TOKEN = 'a-token-that-is-long-enough-0123456789'
const NOW_MS = 1_790_000_000_000

describe('a session', () => {
  it('lasts for its time and no longer', () => {
    const session = newSession(TOKEN, NOW_MS)
    expect(sessionEndsMs(TOKEN, session, NOW_MS)).toBe(NOW_MS + SESSION_MS)
    expect(sessionEndsMs(TOKEN, session, NOW_MS + SESSION_MS - 1)).toBe(NOW_MS + SESSION_MS)
    expect(sessionEndsMs(TOKEN, session, NOW_MS + SESSION_MS)).toBeNull()
  })

  it('ends with its token, and no two are alike', () => {
    const session = newSession(TOKEN, NOW_MS)
    expect(sessionEndsMs(`${TOKEN}x`, session, NOW_MS)).toBeNull()
    expect(newSession(TOKEN, NOW_MS)).not.toBe(session)
    expect(session).not.toContain(TOKEN)
  })

  it.each(['', '.', '..', 'x', '9999999999999.x.', '9999999999999..x', 'NaN.x.y'])('is not made of %j', (forged) => {
    expect(sessionEndsMs(TOKEN, forged, NOW_MS)).toBeNull()
  })
})
