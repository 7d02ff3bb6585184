import type { Entry } from './entry.ts'

/** As Markdown, so that a README can show it. */
export function printTable(machine: string, entries: readonly Entry[]): string {
  const rows = entries.map(({ name, value, unit, ratio, target, ok, note }) => {
    const result = ok === null ? '' : ok ? 'met' : 'missed'
    return [name, ratio === null ? '' : String(ratio), target ?? '', result, `${value} ${unit}`, note]
  })
  const header = ['measurement', 'ratio', 'target', '', 'median', 'what']
  const lines = [header, header.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`)
  return [machine, '', ...lines].join('\n')
}
