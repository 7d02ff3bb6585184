import { Hono } from 'hono'
import type { Metrics } from '../metrics/metrics.ts'
import { refuseMethod } from './answers.ts'

/** `GET /metrics` for Prometheus, for those who may use the API. */
export function metricsRoute(metrics: Pick<Metrics, 'scrape'>): Hono {
  const route = new Hono()
  route.get('/metrics', async (context) => {
    const { contentType, body } = await metrics.scrape()
    return context.body(body, 200, { 'content-type': contentType })
  })
  route.all('/metrics', refuseMethod('GET'))
  return route
}
