/** Counts of the calls that reached the stand-in, also of those that a fault took. */
export interface RequestLog {
  count(filter?: { model?: string; method?: string }): number
  /** `res.partner/write` → calls. */
  byMethod(): Readonly<Record<string, number>>
  /** The most calls that were under way at once. */
  readonly mostInFlight: number
  reset(): void
}

export interface RequestRecorder extends RequestLog {
  start(model: string, method: string): void
  finish(): void
}

export function createRequestLog(): RequestRecorder {
  let counts: Record<string, number> = {}
  let inFlight = 0
  let mostInFlight = 0
  return {
    count: ({ model, method } = {}) =>
      Object.entries(counts).reduce((sum, [key, count]) => {
        const [keyModel, keyMethod] = key.split('/')
        return (model ?? keyModel) === keyModel && (method ?? keyMethod) === keyMethod ? sum + count : sum
      }, 0),
    byMethod: () => ({ ...counts }),
    get mostInFlight() {
      return mostInFlight
    },
    reset: () => {
      counts = {}
      mostInFlight = inFlight
    },
    start: (model, method) => {
      const key = `${model}/${method}`
      counts[key] = (counts[key] ?? 0) + 1
      inFlight += 1
      mostInFlight = Math.max(mostInFlight, inFlight)
    },
    finish: () => {
      inFlight -= 1
    },
  }
}
