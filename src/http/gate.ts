import type { Context } from 'hono'
import { HTTPException } from 'hono/http-exception'
import type { EventLoop } from '../core/clock.ts'
import type { Identity } from '../core/hooks.ts'
import type { Logger } from '../core/logger.ts'
import { within } from '../core/within.ts'
import { type Authenticator, tokenOf } from './auth.ts'
import { answerFault, handshakeFault } from './handshake.ts'
import { isAllowedOrigin } from './origin.ts'

export interface GateDeps {
  readonly authenticate: Authenticator
  readonly allowedOrigins: readonly string[]
  readonly log: Logger
  readonly loop: EventLoop
  /** ms after which `authenticate` has failed. */
  readonly patience: number
}

/** What has to be in order before an upgrade: where it comes from, whose it is, and the handshake itself. Answers who it is, or the refusal. */
export async function pass(deps: GateDeps, c: Context): Promise<Identity | Response> {
  const request = c.req.raw
  if (!isAllowedOrigin(request, deps.allowedOrigins)) return c.text('Origin not allowed', 403)
  const identity = await admitted(deps, request)
  if (!identity) return c.text('Invalid token', 401, { 'WWW-Authenticate': 'Bearer' })
  const broken = handshakeFault(request)
  return broken ? answerFault(c, broken) : identity
}

async function admitted(
  { authenticate, log, loop, patience }: GateDeps,
  request: Request,
): Promise<Identity | undefined> {
  try {
    return await within(loop, patience, authenticate.admit(tokenOf(request), request))
  } catch (reason) {
    // An HTTPException is how an application answers in its own words; anything else is its fault. Hono answers both.
    if (!(reason instanceof HTTPException)) log.error('authenticate failed', { reason })
    throw reason
  }
}
