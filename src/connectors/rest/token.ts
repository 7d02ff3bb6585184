/** A token that is fetched when it is first needed, again before it ends, and again when it was refused. */
export interface TokenSource {
  /** The token to use now. Callers at the same time share one fetch. @throws what `fetch` throws. */
  current(signal: AbortSignal): Promise<string>
  /** The API refused `token`: the next `current` fetches another one, unless that has happened already. */
  refused(token: string): void
}

export interface FetchedToken {
  readonly token: string
  /** For how long it is good, in milliseconds from now; null: unknown. */
  readonly livesMs: number | null
}

/** A token is not used in the last part of its life: a call that begins with it must end with it. */
const EARLY_SHARE = 0.1
const EARLY_MAX_MS = 60_000

export function createTokenSource(
  fetch: (signal: AbortSignal) => Promise<FetchedToken>,
  monotonicMs: () => number,
): TokenSource {
  let held: { readonly token: string; readonly untilMs: number } | null = null
  let fetching: Promise<string> | null = null

  async function renew(signal: AbortSignal): Promise<string> {
    const startedMs = monotonicMs()
    const { token, livesMs } = await fetch(signal)
    const early = livesMs === null ? 0 : Math.min(livesMs * EARLY_SHARE, EARLY_MAX_MS)
    held = { token, untilMs: livesMs === null ? Number.POSITIVE_INFINITY : startedMs + livesMs - early }
    return token
  }

  return {
    async current(signal) {
      if (held !== null && monotonicMs() < held.untilMs) return held.token
      fetching ??= renew(signal).finally(() => {
        fetching = null
      })
      return fetching
    },
    refused(token) {
      if (held?.token === token) held = null
    },
  }
}
