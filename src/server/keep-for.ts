/**
 * `ask`, whose answers serve for `ms`: what takes a moment is not done anew for every look. A failure is not kept.
 * @param name what tells one question from another.
 */
export function keepFor<Question, Answer>(
  ms: number,
  monotonicMs: () => number,
  name: (question: Question) => string,
  ask: (question: Question) => Promise<Answer>,
): (question: Question) => Promise<Answer> {
  const kept = new Map<string, { readonly atMs: number; readonly answer: Promise<Answer> }>()
  return (question) => {
    const key = name(question)
    const known = kept.get(key)
    if (known && monotonicMs() - known.atMs < ms) return known.answer
    for (const [old, { atMs }] of kept) if (monotonicMs() - atMs >= ms) kept.delete(old)
    const answer = ask(question)
    kept.set(key, { atMs: monotonicMs(), answer })
    answer.catch(() => kept.delete(key))
    return answer
  }
}
