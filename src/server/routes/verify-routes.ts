import { Hono } from 'hono'
import { SyncError } from '../../contract/error.ts'
import type { PageTools } from '../page-tools.ts'
import { verificationPage, verificationParts } from '../pages/verify-page.ts'
import type { AllStudies, Verification } from '../studies.ts'

/** Both sides are read in full, and every difference is shown. */
export function verifyRoutes(tools: PageTools, { verifications }: AllStudies): Hono {
  const routes = new Hono()
  const find = (id: string): Verification => {
    const found = verifications.find(id)
    if (found) return found
    throw new SyncError('config', 'This verification is not there any more.', {
      hint: 'Begin it anew from the page of its mapping.',
    })
  }
  routes.post('/mappings/:mapping/verify', (context) => {
    const id = verifications.begin(context.req.param('mapping'), { strict: false })
    return context.redirect(`/verifications/${id}`, 303)
  })
  routes.get('/verifications/:id', async (context) => {
    const view = find(context.req.param('id'))
    return tools.show(context, {
      title: `Verify ${view.mapping}`,
      section: 'overview',
      content: verificationPage(view),
    })
  })
  routes.get('/parts/verifications/:id', async (context) => {
    const view = find(context.req.param('id'))
    // When it is over, the whole page comes anew, without the asking.
    if (view.state !== 'running') context.header('hx-refresh', 'true')
    return tools.part(context, verificationParts(view))
  })
  return routes
}
