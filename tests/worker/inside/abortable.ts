/** The service, with a way to end its objects as a crash does: `/abort?object=`. */
import { env } from 'cloudflare:workers'
import { namespaceIn } from '../../../src/runtimes/worker/calls.ts'
import service, { ParlorObject as Served } from '../../../src/runtimes/worker/main.ts'

const ABORT = '/abort'

export class ParlorObject extends Served {
  override fetch(request: Request): Response | Promise<Response> {
    if (new URL(request.url).pathname !== ABORT) return super.fetch?.(request) ?? new Response(null, { status: 404 })
    this.ctx.abort('by a test')
    return new Response()
  }
}

export default {
  async fetch(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url)
    if (pathname !== ABORT) return await service.fetch(request, env)
    const object = namespaceIn(env, 'PARLOR').getByName(searchParams.get('object') ?? '')
    return await object.fetch(request).catch(() => new Response('aborted'))
  },
}
