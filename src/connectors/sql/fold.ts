/** A text without what `fold` ignores; values that agree after this are found by one another. */
export function foldText(text: string, fold: { readonly case: boolean; readonly space: boolean }): string {
  const spaced = fold.space ? text.trim().replace(/\s+/g, ' ') : text
  return fold.case ? spaced.toLowerCase() : spaced
}
