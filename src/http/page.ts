import { Hono } from 'hono'
import { secureHeaders } from 'hono/secure-headers'
import { page } from './page.generated.ts'

/** The chat page and what it loads. It works under any path: the page is told where it stands. */
export function pageRoutes(): Hono {
  const routes = new Hono()
  const headers = secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'"],
      imgSrc: ["'self'", 'data:'],
      connectSrc: ["'self'", 'ws:', 'wss:'],
      baseUri: ["'none'"],
      formAction: ["'none'"],
      frameAncestors: ["'none'"],
    },
    referrerPolicy: 'no-referrer',
    strictTransportSecurity: false,
    crossOriginOpenerPolicy: false,
    originAgentCluster: false,
  })
  const asset = (path: string, type: string, body: string): void => {
    routes.get(path, headers, (c) => c.body(body, 200, { 'Content-Type': type, 'Cache-Control': 'no-cache' }))
  }
  routes.get('/', headers, (c) => c.html(page.html.replaceAll('{{base}}', escapeAttribute(baseOf(c.req.path)))))
  asset('/assets/chat.css', 'text/css; charset=utf-8', page.css)
  asset('/assets/chat.js', 'text/javascript; charset=utf-8', page.js)
  asset('/assets/icon.svg', 'image/svg+xml', page.icon)
  return routes
}

const baseOf = (path: string): string => (path.endsWith('/') ? path : `${path}/`)

const escapeAttribute = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;')
