// A small shop whose pages see new orders at once: a Hono app with routes of its own, and Parlor beside them under /live.
import { Hono } from 'hono'

/**
 * @param {(options: import('parlor').ParlorOptions) => import('parlor').Parlor} createParlor of the runtime's entry
 */
export function createShop(createParlor) {
  /** Who may connect is the shop's business: here everybody with a customer number. */
  const customers = new Map([
    ['k-ada', { id: 'ada', name: 'Ada' }],
    ['k-staff', { id: 'staff', name: 'The shop' }],
  ])

  const parlor = createParlor({
    auth: {
      authenticate: (token) => {
        const user = customers.get(token ?? '')
        return user && { user }
      },
    },
    // Orders matter for longer than chat does.
    rooms: { 'orders:*': { history: { size: 1000, ttl: 24 * 3600_000 } } },
    hooks: {
      join: ({ user, room }) => user.id === 'staff' || room === `orders:${user.id}` || room === 'help',
      publish: ({ room }) => room === 'help',
    },
  })

  const app = new Hono()
  app.get('/', (c) => c.text('The shop. POST /orders/ada with {"item": "tea"}'))
  app.post('/orders/:customer', async (c) => {
    const { item } = await c.req.json()
    const { position } = await parlor.publish(`orders:${c.req.param('customer')}`, {
      kind: 'event',
      name: 'ordered',
      data: { item },
    })
    return c.json({ offset: position?.offset }, 201)
  })
  app.route('/live', parlor.routes)
  return { app, parlor }
}
