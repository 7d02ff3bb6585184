import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { createMetrics } from '../../src/metrics/metrics.ts'

const read = (name: string): string => readFileSync(new URL(`../../deploy/${name}`, import.meta.url), 'utf8')
/** What Prometheus itself adds. */
const FOREIGN = ['up']

/** Every metric that can be scraped, with the names that a histogram adds. */
async function metricNames(): Promise<ReadonlySet<string>> {
  const metrics = createMetrics()
  metrics.watch({ status: async () => ({ daemon: null, connections: [], mappings: [] }), ledgerFile: '/none' })
  const { body } = await metrics.scrape()
  const types = [...body.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', type]) => ({ name, type }))
  return new Set(
    types.flatMap(({ name, type }) =>
      type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
    ),
  )
}

/** The metrics that a query names: words that are followed by a selector, or stand where a value does. */
function metricsOf(query: string): readonly string[] {
  const bare = query.replace(/\{[^}]*\}/g, '').replace(/\b(?:by|on|ignoring) \([^)]*\)/g, '')
  return [...bare.matchAll(/\b((?:tandem|process)_\w+|up)\b/g)].map(([, name = '']) => name)
}

test('the alert rules and the dashboard ask for metrics that there are', async () => {
  const names = await metricNames()
  const { groups } = parse(read('prometheus/alerts.yaml')) as { groups: { rules: { alert: string; expr: string }[] }[] }
  const { panels } = JSON.parse(read('grafana/tandem.json')) as {
    panels: { title: string; targets: { expr: string }[] }[]
  }
  const queries = [
    ...groups.flatMap(({ rules }) => rules.map(({ alert, expr }) => [alert, expr] as const)),
    ...panels.flatMap(({ title, targets }) => targets.map(({ expr }) => [title, expr] as const)),
  ]
  expect(queries.length).toBeGreaterThan(15)
  for (const [where, query] of queries) {
    const used = metricsOf(query)
    expect(used, where).not.toEqual([])
    for (const name of used) if (!FOREIGN.includes(name)) expect(names, `${where}: ${name}`).toContain(name)
  }
})
