/** Rows of equal length as lines with aligned columns; those whose heading begins with ">" are aligned to the right. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const isRight = headings.map((heading) => heading.startsWith('>'))
  const all = [headings.map((heading) => heading.replace(/^>/, '')), ...rows]
  const widths = headings.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)))
  return all.map((row) =>
    widths
      .map((width, column) => {
        const cell = row[column] ?? ''
        return isRight[column] ? cell.padStart(width) : cell.padEnd(width)
      })
      .join('  ')
      .trimEnd(),
  )
}
