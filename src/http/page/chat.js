// @ts-check
/**
 * Parlor's chat page: plain modules, no framework, no build step.
 *
 *   1. Address and token     where the server is, and who we are
 *   2. Connection            one WebSocket that comes back by itself   } to be replaced by the SDK:
 *   3. Chat                  rooms, history, outbox, no message twice  } nothing else touches the protocol
 *   4. View                  the page
 *   5. Start
 *
 * Text of others only ever becomes `textContent`.
 */

/**
 * @typedef {{ id: string, name: string }} User
 * @typedef {{ epoch: string, offset: number, id?: string }} Position
 * @typedef {{ room: string, offset?: number, id: string, from: User, time: number, clientId?: string, transient?: boolean }} PublicationFields
 * @typedef {{ type: 'welcome', connection: string, user: User, heartbeat: number, limits: { message: number, room: number, rooms: number, pending: number }, reconnect: { after: number, window: number }, session: string }} Welcome
 * @typedef {{ type: 'joined', room: string, position: Position, recovered: boolean, ref?: string | number }} Joined
 * @typedef {{ type: 'left', room: string, ref?: string | number }} Left
 * @typedef {{ type: 'chat', content: string } & PublicationFields} ChatPublication
 * @typedef {{ type: 'event', name: string, data: unknown } & PublicationFields} EventPublication
 * @typedef {{ type: 'gap', room: string, from: number, to: number, missed: number }} Gap
 * @typedef {{ type: 'reset', room: string, position: Position, reason: string }} Reset
 * @typedef {{ type: 'ack', ref?: string | number, room?: string, position?: Position, duplicate?: boolean, expires?: number }} Ack
 * @typedef {{ type: 'error', ref?: string | number, code: string, message: string, retryable: boolean, path?: string, room?: string }} ErrorFrame
 * @typedef {{ type: 'drain', reconnectAfter: number }} Drain
 * @typedef {{ type: 'pong', ref?: string | number }} Pong
 * @typedef {Welcome | Joined | Left | ChatPublication | EventPublication | Gap | Reset | Ack | ErrorFrame | Drain | Pong} ServerFrame
 */

// ---------------------------------------------------------------------------------------------------------------------
// 1. Address and token
// ---------------------------------------------------------------------------------------------------------------------

const BASE = document.documentElement.dataset['base'] || '/'
const TOKEN_KEY = `parlor:token:${BASE}`
const ROOMS_KEY = `parlor:rooms:${BASE}`
const NAME_KEY = `parlor:name:${BASE}`
const FIRST_ROOM = 'lobby'

/** Storage may be forbidden; the page then works without. */
const storage = {
  /** @param {'sessionStorage' | 'localStorage'} where @param {string} key @returns {string | null} */
  get(where, key) {
    try {
      return window[where].getItem(key)
    } catch {
      return null
    }
  },
  /** @param {'sessionStorage' | 'localStorage'} where @param {string} key @param {string | null} value */
  set(where, key, value) {
    try {
      if (value === null) window[where].removeItem(key)
      else window[where].setItem(key, value)
    } catch {
      // As if there were none.
    }
  },
}

/** @param {string} token */
function isGuestToken(token) {
  try {
    const payload = token.split('.')[1] ?? ''
    const bytes = Uint8Array.from(atob(payload.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0))
    return JSON.parse(new TextDecoder().decode(bytes)).guest === true
  } catch {
    return false
  }
}

/** What somebody pasted: an address with a token in it, or the token itself. @param {string} text */
function tokenIn(text) {
  const trimmed = text.trim()
  const inAddress = /[?&]token=([^&#\s]+)/.exec(trimmed)?.[1]
  if (inAddress !== undefined) {
    try {
      return decodeURIComponent(inAddress)
    } catch {
      return inAddress
    }
  }
  return /^[^\s:/?#]+$/.test(trimmed) ? trimmed : ''
}

// ---------------------------------------------------------------------------------------------------------------------
// 2. Connection
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Why no further attempt is made.
 * @typedef {'token' | 'expired' | 'replaced' | 'forbidden' | 'refused'} StopReason
 * @typedef {{ name: 'connecting' } | { name: 'connected' } | { name: 'waiting', until: number, offline: boolean } | { name: 'stopped', reason: StopReason, detail: string }} ConnectionState
 */

const SUBPROTOCOLS = ['parlor.v1.batch', 'parlor.v1']
const LONGEST_WAIT = 30_000
const HANDSHAKE_TIMEOUT = 15_000
const ANSWER_TIMEOUT = 8_000
/** A connection that lived this long makes the next one's wait short again. */
const STABLE_AFTER = 10_000

class Connection {
  /** @type {WebSocket | null} */ #socket = null
  /** @type {Welcome | null} */ #welcome = null
  /** @type {ConnectionState} */ #state = { name: 'waiting', until: 0, offline: false }
  /** Rises with every attempt, so that what an older one still does is ignored. */
  #turn = 0
  #attempt = 0
  #welcomedAt = 0
  #heardAt = 0
  #pingedAt = 0
  #drainedUntil = 0
  #session = ''
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer
  /** @type {ReturnType<typeof setInterval> | undefined} */ #beat

  /**
   * @param {{ base: string, token: string, onState: (state: ConnectionState) => void, onFrame: (frame: ServerFrame) => void, onFlush: () => void }} options
   */
  constructor(options) {
    this.options = options
    addEventListener('online', () => {
      if (this.#state.name === 'waiting') this.open()
      else this.#check()
    })
    addEventListener('offline', () => {
      if (this.#state.name === 'waiting') this.#setState({ ...this.#state, offline: true })
      else this.#check()
    })
    addEventListener('pageshow', (event) => {
      if (event.persisted) this.#check()
    })
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'visible') this.#check()
    })
  }

  /** Connects now, whatever was planned. */
  open() {
    this.#drop()
    const turn = ++this.#turn
    const url = new URL(`${this.options.base}ws`, location.href)
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
    if (this.options.token !== '') url.searchParams.set('token', this.options.token)
    if (this.#session !== '') url.searchParams.set('session', this.#session)
    this.#setState({ name: 'connecting' })
    const socket = new WebSocket(url, SUBPROTOCOLS)
    this.#socket = socket
    this.#timer = setTimeout(() => void this.#lost(turn, 1006, ''), HANDSHAKE_TIMEOUT)
    socket.onmessage = (event) => {
      if (turn !== this.#turn || typeof event.data !== 'string') return
      this.#heardAt = Date.now()
      for (const line of event.data.split('\n')) {
        if (line === '') continue
        /** @type {ServerFrame} */
        let frame
        try {
          frame = JSON.parse(line)
        } catch {
          continue
        }
        this.#received(frame)
        if (turn !== this.#turn) return
      }
      this.options.onFlush()
    }
    socket.onclose = (event) => void this.#lost(turn, event.code, event.reason)
  }

  /** @param {object} frame @returns {boolean} whether it went out (which is not: arrived) */
  send(frame) {
    if (this.#state.name !== 'connected' || this.#socket?.readyState !== WebSocket.OPEN) return false
    this.#socket.send(JSON.stringify(frame))
    return true
  }

  /** The largest message in bytes that the server takes. */
  get messageLimit() {
    return this.#welcome?.limits.message ?? 65_536
  }

  /** @param {ServerFrame} frame */
  #received(frame) {
    if (frame.type === 'welcome') {
      clearTimeout(this.#timer)
      this.#welcome = frame
      this.#session = frame.session
      this.#welcomedAt = Date.now()
      this.#pingedAt = 0
      this.#drainedUntil = 0
      this.#beat = setInterval(() => this.#listen(), 5_000)
      this.#setState({ name: 'connected' })
    }
    if (frame.type === 'drain') this.#drainedUntil = Date.now() + frame.reconnectAfter
    this.options.onFrame(frame)
  }

  /** A browser can't see the server's pings: where nothing came for long, we ask. */
  #listen() {
    const now = Date.now()
    if (this.#pingedAt > this.#heardAt) {
      if (now - this.#pingedAt > ANSWER_TIMEOUT) void this.#lost(this.#turn, 1006, '')
    } else if (now - this.#heardAt > (this.#welcome?.heartbeat ?? 30_000)) {
      this.#ping()
    }
  }

  #ping() {
    this.#pingedAt = Date.now()
    this.send({ type: 'ping' })
  }

  /** Something hints at a change of the network: is the server still there? */
  #check() {
    if (this.#state.name !== 'connected' || this.#pingedAt > this.#heardAt) return
    this.#ping()
    const turn = this.#turn
    setTimeout(() => {
      if (turn === this.#turn && this.#pingedAt > this.#heardAt) void this.#lost(turn, 1006, '')
    }, ANSWER_TIMEOUT)
  }

  #drop() {
    this.#turn++
    clearTimeout(this.#timer)
    clearInterval(this.#beat)
    const socket = this.#socket
    this.#socket = null
    if (socket === null) return
    socket.onmessage = null
    socket.onclose = null
    socket.close()
  }

  /** @param {number} turn @param {number} code @param {string} reason */
  async #lost(turn, code, reason) {
    if (turn !== this.#turn) return
    const wasOpen = this.#state.name === 'connected'
    this.#drop()
    if (code === 4100) return this.#setState({ name: 'stopped', reason: 'expired', detail: reason })
    if (code === 4501) return this.#setState({ name: 'stopped', reason: 'replaced', detail: reason })
    if (code >= 4500 && code <= 4999) return this.#setState({ name: 'stopped', reason: 'refused', detail: reason })
    if (wasOpen) {
      if (Date.now() - this.#welcomedAt > STABLE_AFTER) this.#attempt = 0
      const drained = this.#drainedUntil - Date.now()
      return this.#wait(this.#drainedUntil > 0 ? Math.max(0, drained) : this.#backoff())
    }
    // A browser does not say why a handshake failed. The same route asked without an upgrade does.
    const probing = this.#turn
    const { status, body, retryAfter } = await this.#probe()
    if (probing !== this.#turn) return
    if (status === 401) return this.#setState({ name: 'stopped', reason: 'token', detail: body })
    if (status === 403) return this.#setState({ name: 'stopped', reason: 'forbidden', detail: body })
    this.#wait(Math.max(retryAfter, this.#backoff()))
  }

  async #probe() {
    try {
      const response = await fetch(`${this.options.base}ws`, {
        headers: this.options.token === '' ? {} : { Authorization: `Bearer ${this.options.token}` },
        cache: 'no-store',
        signal: AbortSignal.timeout(ANSWER_TIMEOUT),
      })
      const seconds = Number(response.headers.get('Retry-After') ?? 0)
      const body = response.status === 401 || response.status === 403 ? (await response.text()).slice(0, 200) : ''
      return { status: response.status, body, retryAfter: seconds > 0 ? Math.min(seconds * 1000, LONGEST_WAIT) : 0 }
    } catch {
      return { status: 0, body: '', retryAfter: 0 }
    }
  }

  /** Exponential, with full jitter, on top of what the server asked for. */
  #backoff() {
    const { after, window } = this.#welcome?.reconnect ?? { after: 0, window: 1000 }
    const spread = Math.min(LONGEST_WAIT, Math.max(window, 500) * 2 ** this.#attempt)
    this.#attempt = Math.min(this.#attempt + 1, 10)
    return after + Math.random() * spread
  }

  /** @param {number} delay */
  #wait(delay) {
    this.#timer = setTimeout(() => this.open(), delay)
    this.#setState({ name: 'waiting', until: Date.now() + delay, offline: !navigator.onLine })
  }

  /** @param {ConnectionState} state */
  #setState(state) {
    this.#state = state
    this.options.onState(state)
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// 3. Chat
// ---------------------------------------------------------------------------------------------------------------------

const HISTORY = 50
/** After a break we ask for more: what came meanwhile. */
const HISTORY_AGAIN = 500
const JOIN_AGAIN_AFTER = 3_000

/**
 * @typedef {{ id: string, room: string, content: string, first: number, ref: string }} Outgoing
 * @typedef {{ kind: 'join' | 'leave', room: string } | { kind: 'chat', room: string, id: string }} Asked
 * @typedef {{ name: string, joined: boolean, known: boolean, epoch: string, last: number, outbox: Map<string, Outgoing> }} Membership
 * @typedef {object} ChatHandlers
 * @property {(state: ConnectionState) => void} state
 * @property {(user: User) => void} welcome
 * @property {(room: string) => void} joined
 * @property {(room: string, message: string) => void} notJoined for good
 * @property {(room: string, asked: boolean) => void} left
 * @property {(publication: ChatPublication | EventPublication, own: boolean) => void} published
 * @property {(room: string, missed: number) => void} gap
 * @property {(room: string) => void} reset
 * @property {(room: string, id: string, offset: number | undefined) => void} sent
 * @property {(room: string, id: string, message: string, fresh: boolean) => void} failed `fresh`: another try needs another id
 * @property {(message: string) => void} problem
 */

class Chat {
  /** @type {Map<string, Membership>} */ #rooms = new Map()
  /** What a `ref` we gave stands for. @type {Map<string, Asked>} */ #asked = new Map()
  /** With auth off every connection is another user. @type {Set<string>} */ #me = new Set()
  #refs = 0

  /** @param {{ base: string, token: string }} where @param {ChatHandlers} on */
  constructor(where, on) {
    this.on = on
    this.connection = new Connection({
      ...where,
      onState: (state) => {
        if (state.name !== 'connected') this.#disconnected()
        on.state(state)
      },
      onFrame: (frame) => this.#received(frame),
      onFlush: () => this.#resend(),
    })
  }

  open() {
    this.connection.open()
  }

  /** @param {string} name */
  join(name) {
    if (!this.#rooms.has(name)) {
      this.#rooms.set(name, { name, joined: false, known: false, epoch: '', last: 0, outbox: new Map() })
    }
    this.#ask({ kind: 'join', room: name }, { type: 'join', room: name, history: HISTORY })
  }

  /** @param {string} name */
  leave(name) {
    this.#rooms.delete(name)
    this.#ask({ kind: 'leave', room: name }, { type: 'leave', room: name })
  }

  /** @param {string} room @param {string} id @param {string} content @returns {string} why it can't be sent, or nothing */
  send(room, id, content) {
    const membership = this.#rooms.get(room)
    if (membership === undefined) return 'You are not in this room'
    const out = { id, room, content, first: 0, ref: '' }
    const bytes = new TextEncoder().encode(JSON.stringify(this.#frame(out))).length
    if (bytes > this.connection.messageLimit) return 'This message is too long'
    membership.outbox.set(id, out)
    if (membership.joined) this.#transmit(out)
    return ''
  }

  /** @param {string} room @param {string} id */
  forget(room, id) {
    this.#rooms.get(room)?.outbox.delete(id)
  }

  /** @param {Outgoing} out */
  #frame(out) {
    const age = out.first === 0 ? {} : { age: Math.max(0, Date.now() - out.first) }
    return {
      type: 'chat',
      room: out.room,
      ref: out.ref === '' ? `r${this.#refs + 1}` : out.ref,
      id: out.id,
      content: out.content,
      ...age,
    }
  }

  /** @param {Outgoing} out */
  #transmit(out) {
    out.ref = `r${++this.#refs}`
    if (!this.connection.send(this.#frame(out))) {
      out.ref = ''
      return
    }
    if (out.first === 0) out.first = Date.now()
    this.#asked.set(out.ref, { kind: 'chat', room: out.room, id: out.id })
  }

  /** What was written while away, or sent and never answered. The `id` keeps it from being there twice. */
  #resend() {
    for (const membership of this.#rooms.values()) {
      if (!membership.joined) continue
      for (const out of membership.outbox.values()) if (out.ref === '') this.#transmit(out)
    }
  }

  /** @param {{ kind: 'join' | 'leave', room: string }} what @param {object} frame */
  #ask(what, frame) {
    const ref = `r${++this.#refs}`
    if (this.connection.send({ ...frame, ref })) this.#asked.set(ref, what)
  }

  #disconnected() {
    this.#asked.clear()
    for (const membership of this.#rooms.values()) {
      membership.joined = false
      for (const out of membership.outbox.values()) out.ref = ''
    }
  }

  /** @param {ServerFrame} frame */
  #received(frame) {
    switch (frame.type) {
      case 'welcome':
        return this.#welcomed(frame)
      case 'joined':
        this.#answered(frame.ref)
        return this.#joined(frame)
      case 'left':
        return this.#left(frame.room, this.#answered(frame.ref) !== undefined)
      case 'chat':
      case 'event':
        return this.#published(frame)
      case 'gap':
        return this.#gap(frame)
      case 'reset':
        return this.#reset(frame)
      case 'ack':
        return this.#acknowledged(frame, this.#answered(frame.ref))
      case 'error':
        return this.#failed(frame, this.#answered(frame.ref))
    }
  }

  /** @param {string | number | undefined} ref @returns {Asked | undefined} what this is the answer to */
  #answered(ref) {
    if (ref === undefined) return undefined
    const asked = this.#asked.get(String(ref))
    this.#asked.delete(String(ref))
    return asked
  }

  /** @param {Welcome} frame */
  #welcomed({ user }) {
    this.#me.add(user.id)
    this.on.welcome(user)
    for (const { name, known } of this.#rooms.values()) {
      const history = known ? HISTORY_AGAIN : HISTORY
      this.#ask({ kind: 'join', room: name }, { type: 'join', room: name, history })
    }
  }

  /** @param {string} room @param {boolean} asked */
  #left(room, asked) {
    // Where we left and joined again before the answer came, the answer to the join decides.
    if (asked) return this.on.left(room, true)
    if (this.#rooms.delete(room)) this.on.left(room, false)
  }

  /** @param {Gap} frame */
  #gap(frame) {
    const room = this.#rooms.get(frame.room)
    if (room === undefined || frame.to <= room.last) return
    room.last = frame.to
    this.on.gap(frame.room, frame.missed)
  }

  /** @param {Reset} frame */
  #reset(frame) {
    const room = this.#rooms.get(frame.room)
    if (room === undefined) return
    room.epoch = frame.position.epoch
    room.last = frame.position.offset
    this.on.reset(frame.room)
  }

  /** @param {Ack} frame @param {Asked | undefined} asked */
  #acknowledged(frame, asked) {
    if (asked?.kind !== 'chat') return
    this.forget(asked.room, asked.id)
    this.on.sent(asked.room, asked.id, frame.position?.offset)
  }

  /** @param {Joined} frame */
  #joined({ room: name, position }) {
    const room = this.#rooms.get(name)
    if (room === undefined || room.joined) return
    room.joined = true
    if (!room.known) {
      room.last = position.offset
    } else if (room.epoch !== position.epoch) {
      room.last = position.offset
      this.on.reset(name)
    } else if (position.offset > room.last) {
      this.on.gap(name, position.offset - room.last)
      room.last = position.offset
    }
    room.known = true
    room.epoch = position.epoch
    this.on.joined(name)
  }

  /** @param {ChatPublication | EventPublication} frame */
  #published(frame) {
    const room = this.#rooms.get(frame.room)
    if (room === undefined) return
    if (frame.offset !== undefined) {
      if (frame.offset <= room.last) return
      room.last = frame.offset
    }
    const own = this.#me.has(frame.from.id)
    if (own && frame.clientId !== undefined) room.outbox.delete(frame.clientId)
    this.on.published(frame, own)
  }

  /** @param {ErrorFrame} frame @param {Asked | undefined} asked */
  #failed(frame, asked) {
    if (asked?.kind === 'chat') {
      this.forget(asked.room, asked.id)
      const fresh = frame.code === 'outcome_unknown' || frame.code === 'id_reused'
      return this.on.failed(asked.room, asked.id, frame.message, fresh)
    }
    if (asked?.kind === 'leave') return
    if (asked?.kind === 'join') {
      const { room } = asked
      if (!frame.retryable) {
        this.#rooms.delete(room)
        return this.on.notJoined(room, frame.message)
      }
      this.on.problem(`“${room}” can’t be joined now: ${frame.message}. Trying again.`)
      setTimeout(() => {
        if (this.#rooms.get(room)?.joined === false) this.join(room)
      }, JOIN_AGAIN_AFTER)
      return
    }
    this.on.problem(frame.code === 'token_expiring' ? 'Your token expires within half a minute.' : frame.message)
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// 4. View
// ---------------------------------------------------------------------------------------------------------------------

const MOST_IN_DOM = 500
const GROUP_WITHIN = 5 * 60_000
const TONES = 8
const FACES = 4

/** @template {HTMLElement} T @param {string} id @param {new () => T} type @returns {T} */
function $(id, type) {
  const element = document.getElementById(id)
  if (!(element instanceof type)) throw new Error(`No #${id}`)
  return element
}

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag @param {string} className @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
function h(tag, className, ...children) {
  const element = document.createElement(tag)
  if (className !== '') element.className = className
  element.append(...children)
  return element
}

const page = {
  gate: $('gate', HTMLElement),
  gateTitle: $('gate-title', HTMLElement),
  gateText: $('gate-text', HTMLElement),
  gateRetry: $('gate-retry', HTMLButtonElement),
  nameForm: $('name-form', HTMLFormElement),
  name: $('name', HTMLInputElement),
  nameError: $('name-error', HTMLElement),
  tokenForm: $('token-form', HTMLFormElement),
  token: $('token', HTMLInputElement),
  tokenError: $('token-error', HTMLElement),
  app: $('app', HTMLElement),
  skip: $('skip', HTMLAnchorElement),
  side: $('side', HTMLElement),
  sideOpen: $('side-open', HTMLButtonElement),
  sideClose: $('side-close', HTMLButtonElement),
  sideBadge: $('side-badge', HTMLElement),
  backdrop: $('backdrop', HTMLElement),
  rooms: $('rooms', HTMLElement),
  joinForm: $('join-form', HTMLFormElement),
  joinName: $('join-name', HTMLInputElement),
  joinError: $('join-error', HTMLElement),
  meAvatar: $('me-avatar', HTMLElement),
  meName: $('me-name', HTMLElement),
  main: $('main', HTMLElement),
  roomName: $('room-name', HTMLElement),
  state: $('state', HTMLElement),
  stateText: $('state-text', HTMLElement),
  stateCount: $('state-count', HTMLElement),
  stateNow: $('state-now', HTMLButtonElement),
  people: $('people', HTMLElement),
  leave: $('leave', HTMLButtonElement),
  banner: $('banner', HTMLElement),
  bannerText: $('banner-text', HTMLElement),
  bannerAction: $('banner-action', HTMLButtonElement),
  logs: $('logs', HTMLElement),
  nowhere: $('nowhere', HTMLElement),
  fresh: $('fresh', HTMLButtonElement),
  noticeBox: $('notice-box', HTMLElement),
  notice: $('notice', HTMLElement),
  noticeClose: $('notice-close', HTMLButtonElement),
  composer: $('composer', HTMLFormElement),
  draft: $('draft', HTMLTextAreaElement),
  send: $('send', HTMLButtonElement),
  announcer: $('announcer', HTMLElement),
}

const narrow = matchMedia('(max-width: 719px)')
const finePointer = matchMedia('(pointer: fine)')
const calm = matchMedia('(prefers-reduced-motion: reduce)')
const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' })
const dayName = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' })
const fullDate = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'short' })

/** @param {number} n @param {string} one @param {string} many */
const count = (n, one, many) => `${n} ${n === 1 ? one : many}`

/** @param {string} name */
function initials(name) {
  const words = name.split(/[\s._-]+/u).filter((word) => /[\p{L}\p{N}]/u.test(word))
  const letters = words.length > 1 ? [words[0], words[words.length - 1]] : [words[0] ?? name]
  return letters
    .map((word) => [...(word ?? '')].find((c) => /[\p{L}\p{N}]/u.test(c)) ?? [...(word ?? '')][0] ?? '')
    .join('')
    .toLocaleUpperCase()
}

/** The same colour for the same user, everywhere. @param {string} id */
function tone(id) {
  let hash = 2166136261
  for (let i = 0; i < id.length; i++) hash = Math.imul(hash ^ id.charCodeAt(i), 16777619)
  hash ^= hash >>> 15
  return `tone-${(hash >>> 0) % TONES}`
}

/** @param {User} user */
function avatar(user) {
  const element = h('span', `avatar ${tone(user.id)}`, initials(user.name))
  element.setAttribute('aria-hidden', 'true')
  return element
}

/** @param {number} time */
function dayLabel(time) {
  const days = Math.round((new Date().setHours(0, 0, 0, 0) - new Date(time).setHours(0, 0, 0, 0)) / 86_400_000)
  return days === 0 ? 'Today' : days === 1 ? 'Yesterday' : dayName.format(time)
}

/** @param {string} text */
function announce(text) {
  page.announcer.textContent = ''
  requestAnimationFrame(() => {
    page.announcer.textContent = text
  })
}

/** @param {string} text */
function notice(text) {
  page.notice.textContent = text
  page.noticeBox.hidden = text === ''
  if (text !== '') announce(text)
}

/**
 * One line of a room's log. `local`: ours, on its way; `offset` is then known only once acknowledged.
 * @typedef {object} Item
 * @property {HTMLLIElement} element
 * @property {User | null} from null: a divider
 * @property {boolean} own
 * @property {number} time
 * @property {number | undefined} offset
 * @property {boolean} local
 * @property {string} content
 * @property {HTMLElement} fate
 */

class RoomView {
  /** @type {Item[]} */ items = []
  /** Own messages on their way, by the `id` they were given. @type {Map<string, Item>} */ local = new Map()
  /** Who wrote here, the newest last. @type {Map<string, User>} */ people = new Map()
  unread = 0
  /** New ones below what is being read. */
  below = 0
  /** Stay at the bottom. */
  stick = true
  scrollTop = 0
  draft = ''
  member = true
  /** What comes right after the first join is history: neither unread nor read out. */
  settled = false
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #settling
  #planned = false
  #trimmed = false

  /** @param {string} name */
  constructor(name) {
    this.name = name
    this.label = h('span', 'room-label', name)
    this.label.dir = 'auto'
    this.badge = h('span', 'badge')
    this.badge.hidden = true
    this.button = h('button', 'room-button', this.label, this.badge)
    this.button.type = 'button'
    this.button.title = name
    this.button.addEventListener('click', () => {
      show(name, true)
      closeDrawer(true)
      if (finePointer.matches) page.draft.focus()
    })
    this.row = h('li', '', this.button)
    this.list = h('ol', '')
    this.empty = h(
      'div',
      'empty',
      h('p', 'empty-title', 'Nothing here yet'),
      h('p', '', 'Say hello: whoever joins can read it.'),
    )
    this.log = h('div', 'log', this.empty, this.list)
    this.log.tabIndex = 0
    this.log.setAttribute('role', 'log')
    this.log.setAttribute('aria-live', 'off')
    this.log.setAttribute('aria-label', `Messages in ${name}`)
    this.log.hidden = true
    this.log.addEventListener('scroll', () => this.#scrolled(), { passive: true })
    new ResizeObserver(() => this.toBottom()).observe(this.log)
  }

  #scrolled() {
    if (this.log.hidden) return
    const { scrollTop, scrollHeight, clientHeight } = this.log
    const up = scrollTop < this.scrollTop - 1 && !this.#trimmed
    this.scrollTop = scrollTop
    if (scrollHeight - scrollTop - clientHeight < 40) {
      this.stick = true
      this.read()
    } else if (up || !this.#planned) {
      // Not where only the log has grown since it was moved to its end.
      this.stick = false
    }
  }

  /** To the newest, where the reader is there already. Once a frame, however much came. */
  toBottom() {
    if (this.#planned) return
    this.#planned = true
    requestAnimationFrame(() => {
      this.#planned = false
      this.#trimmed = false
      if (this.log.hidden || !this.stick) return
      this.log.scrollTop = this.log.scrollHeight
      this.scrollTop = this.log.scrollTop
    })
  }

  /** Whether what comes is seen at once. */
  get watched() {
    return current === this && this.stick && document.visibilityState === 'visible'
  }

  read() {
    if (current !== this || document.visibilityState !== 'visible') return
    if (this.stick) this.below = 0
    this.unread = 0
    paintUnread(this)
  }

  /** What comes from now on is new. */
  settle() {
    clearTimeout(this.#settling)
    this.settled = true
    this.log.setAttribute('aria-live', 'polite')
  }

  /** Nothing marks the end of the history: it comes at once after the join, or not at all. */
  joined() {
    clearTimeout(this.#settling)
    if (!this.settled) this.#settling = setTimeout(() => this.settle(), 400)
  }

  /** @param {User} from @param {string} content @param {number} time @param {boolean} own @returns {Item} */
  message(from, content, time, own) {
    const text = h('p', 'text', content)
    text.dir = 'auto'
    const author = h('span', 'author', from.name)
    author.dir = 'auto'
    const fate = h('div', 'fate')
    const body = h('div', 'body', h('p', 'by', author, h('time', '')), text, fate)
    const element = h('li', own ? 'message own' : 'message', avatar(from), body)
    const item = { element, from, own, time, offset: undefined, local: false, content, fate }
    this.#stamp(item)
    return item
  }

  /** @param {Item} item */
  #stamp(item) {
    const time = item.element.querySelector('time')
    if (time === null) return
    time.dateTime = new Date(item.time).toISOString()
    time.textContent = clock.format(item.time)
    time.title = fullDate.format(item.time)
  }

  /** @param {ChatPublication} publication @param {boolean} own */
  published(publication, own) {
    this.people.delete(publication.from.id)
    this.people.set(publication.from.id, publication.from)
    const id = own ? publication.clientId : undefined
    let item = id === undefined ? undefined : this.local.get(id)
    if (item === undefined || id === undefined) {
      item = this.message(publication.from, publication.content, publication.time, own)
      item.offset = publication.offset
      this.#insert(item)
      if (!own) this.#count()
    } else {
      this.local.delete(id)
      // Written since the join.
      this.settle()
      item.local = false
      item.offset = publication.offset
      item.time = publication.time
      this.#stamp(item)
      this.fate(item, 'sent')
      this.#remove(item, true)
      this.#insert(item)
    }
  }

  #count() {
    if (!this.settled || this.watched) return
    if (current !== this || document.visibilityState !== 'visible') this.unread++
    if (current === this && !this.stick) this.below++
    paintUnread(this)
  }

  /** @param {string} id @param {User} from @param {string} content */
  write(id, from, content) {
    const item = this.message(from, content, Date.now(), true)
    item.local = true
    item.element.dataset['state'] = 'pending'
    this.local.set(id, item)
    this.#insert(item)
    // Quick enough needs no word.
    setTimeout(() => {
      if (item.element.dataset['state'] === 'pending') this.fate(item, 'pending')
    }, 400)
    this.stick = true
    this.read()
    this.toBottom()
  }

  /** @param {string} id @param {number | undefined} offset */
  sent(id, offset) {
    const item = this.local.get(id)
    if (item === undefined) return
    item.offset = offset
    this.fate(item, 'sent')
  }

  /** @param {string} id @param {string} message @param {(item: Item) => void} retry */
  failed(id, message, retry) {
    const item = this.local.get(id)
    if (item === undefined) return
    this.fate(item, 'failed')
    const again = h('button', 'link', 'Retry')
    again.type = 'button'
    const preview = item.content.length > 40 ? `${item.content.slice(0, 40)}…` : item.content
    again.setAttribute('aria-label', `Retry: ${preview}`)
    again.addEventListener('click', () => {
      page.draft.focus()
      retry(item)
    })
    const discard = h('button', 'link', 'Discard')
    discard.type = 'button'
    discard.setAttribute('aria-label', `Discard: ${preview}`)
    discard.addEventListener('click', () => {
      page.draft.focus()
      this.local.delete(id)
      this.#remove(item, false)
    })
    item.fate.replaceChildren(h('span', '', `Not sent: ${message}`), again, discard)
    this.toBottom()
  }

  /** @param {Item} item @param {'pending' | 'sent' | 'failed'} state */
  fate(item, state) {
    item.element.dataset['state'] = state
    item.element.classList.toggle('waiting', state === 'pending')
    item.element.classList.toggle('failed', state === 'failed')
    item.fate.textContent =
      state !== 'pending' ? '' : page.state.dataset['state'] === 'connected' ? 'Sending…' : 'Waiting for the connection'
    if (state === 'pending') this.toBottom()
  }

  /** @param {string} text @param {'missed' | 'plain'} kind */
  divider(text, kind) {
    const element = h('li', kind === 'missed' ? 'divider missed' : 'divider', h('p', '', text))
    this.#insert({
      element,
      from: null,
      own: false,
      time: Date.now(),
      offset: undefined,
      local: false,
      content: '',
      fate: element,
    })
  }

  /** @param {EventPublication} event */
  event(event) {
    const element = h('li', 'note', `${event.from.name}: ${event.name}`)
    this.#insert({
      element,
      from: null,
      own: false,
      time: event.time,
      offset: event.offset,
      local: false,
      content: '',
      fate: element,
    })
  }

  /** Behind all that is known to come before it; what is still on its way stays last. @param {Item} item */
  #insert(item) {
    let at = this.items.length
    if (!item.local) {
      for (; at > 0; at--) {
        const before = this.items[at - 1]
        if (!before?.local || (before.offset !== undefined && item.offset !== undefined && before.offset < item.offset))
          break
      }
    }
    this.items.splice(at, 0, item)
    const next = this.items[at + 1]?.element ?? null
    // Moved only where it has to: a screen reader reads again what is put in anew.
    if (item.element.parentNode !== this.list || item.element.nextElementSibling !== next)
      this.list.insertBefore(item.element, next)
    this.#dress(at)
    this.#dress(at + 1)
    while (this.items.length > MOST_IN_DOM) {
      this.items.shift()?.element.remove()
      this.#trimmed = true
      this.#dress(0)
    }
    this.empty.remove()
    if (current === this) paintPeople(this)
    this.toBottom()
  }

  /** @param {Item} item @param {boolean} keepElement */
  #remove(item, keepElement) {
    const at = this.items.indexOf(item)
    if (at === -1) return
    this.items.splice(at, 1)
    if (!keepElement) item.element.remove()
    this.#dress(at)
  }

  /** Joined anew: the history comes again. */
  clear() {
    this.items = []
    this.local.clear()
    this.list.replaceChildren()
    this.settled = false
    this.log.setAttribute('aria-live', 'off')
  }

  /** What a message shows depends on the one before: the author's name, a new day. @param {number} at */
  #dress(at) {
    const item = this.items[at]
    if (item === undefined || item.from === null) return
    const before = this.items[at - 1]
    let earlier = before
    for (let i = at - 2; earlier?.from === null && i >= 0; i--) earlier = this.items[i]
    const label = dayLabel(item.time)
    const newDay = earlier?.from == null || dayLabel(earlier.time) !== label
    const more =
      !newDay && before?.from?.id === item.from.id && before.own === item.own && item.time - before.time < GROUP_WITHIN
    item.element.classList.toggle('more', more)
    const day = item.element.querySelector('.day')
    if (!newDay) day?.remove()
    else if (day === null) item.element.prepend(h('p', 'day', label))
    else if (day.textContent !== label) day.textContent = label
  }
}

/** @type {Map<string, RoomView>} */
const views = new Map()
/** @type {RoomView | null} */
let current = null
/** @type {User} */
let me = { id: '', name: '' }
let everConnected = false
/** @type {Chat | null} */
let chat = null
let token = ''

/** @param {RoomView} view */
function paintUnread(view) {
  view.badge.hidden = view.unread === 0
  view.badge.replaceChildren(view.unread > 99 ? '99+' : String(view.unread), h('span', 'visually-hidden', ' unread'))
  view.button.classList.toggle('unread', view.unread > 0)
  let all = 0
  let elsewhere = 0
  for (const each of views.values()) {
    all += each.unread
    if (each !== current) elsewhere += each.unread
  }
  page.sideBadge.hidden = elsewhere === 0
  page.sideBadge.textContent = elsewhere > 99 ? '99+' : String(elsewhere)
  page.sideOpen.setAttribute('aria-label', elsewhere === 0 ? 'Rooms' : `Rooms, ${elsewhere} unread`)
  document.title = `${all > 0 ? `(${all}) ` : ''}${current === null ? '' : `${current.name} · `}Parlor`
  page.fresh.hidden = current === null || current.below === 0
  if (current !== null && current.below > 0)
    page.fresh.textContent = `${count(current.below, 'new message', 'new messages')} ↓`
}

/** @param {RoomView} view */
function paintPeople(view) {
  const newest = [...view.people.values()].reverse()
  page.people.hidden = newest.length < 2
  const names = newest.slice(0, FACES).map((user) => user.name)
  const label = `Wrote here: ${names.join(', ')}${newest.length > FACES ? ` and ${newest.length - FACES} more` : ''}`
  if (page.people.getAttribute('aria-label') === label) return
  page.people.setAttribute('aria-label', label)
  page.people.title = label
  page.people.replaceChildren(...newest.slice(0, FACES).map(avatar))
}

/** @param {string | null} room */
function addressOf(room) {
  const url = new URL(location.href)
  url.searchParams.delete('token')
  if (room === null) url.searchParams.delete('room')
  else url.searchParams.set('room', room)
  return url
}

function saveRooms() {
  storage.set('sessionStorage', ROOMS_KEY, JSON.stringify([...views.keys()]))
}

/** @param {string} name @returns {RoomView} */
function openRoom(name) {
  const known = views.get(name)
  if (known !== undefined) {
    if (!known.member) {
      known.member = true
      known.clear()
      chat?.join(name)
      paintRoom()
    }
    return known
  }
  const view = new RoomView(name)
  views.set(name, view)
  page.rooms.append(view.row)
  page.logs.insertBefore(view.log, page.fresh)
  saveRooms()
  chat?.join(name)
  return view
}

/** @param {string | null} name @param {boolean} push a step in the browser's history */
function show(name, push) {
  const next = name === null ? null : (views.get(name) ?? null)
  if (current !== next) {
    if (current !== null) {
      current.draft = page.draft.value
      current.log.hidden = true
      current.button.removeAttribute('aria-current')
    }
    current = next
    page.draft.value = next?.draft ?? ''
    fitDraft()
    notice('')
  }
  if (next !== null) {
    next.button.setAttribute('aria-current', 'true')
    next.log.hidden = false
    if (next.stick) next.log.scrollTop = next.log.scrollHeight
    else next.log.scrollTop = next.scrollTop
    next.read()
    paintPeople(next)
  }
  paintRoom()
  const url = addressOf(name)
  if (url.href !== location.href) history[push ? 'pushState' : 'replaceState'](null, '', url)
}

function paintRoom() {
  page.nowhere.hidden = current !== null
  page.composer.hidden = current === null
  page.leave.hidden = current === null
  page.roomName.textContent = current?.name ?? 'No room'
  if (current === null) {
    page.people.hidden = true
    page.fresh.hidden = true
    document.title = 'Parlor'
    return
  }
  page.draft.disabled = !current.member
  page.draft.placeholder = current.member ? `Message ${current.name}` : 'You are no longer in this room'
  page.leave.replaceChildren(
    current.member ? 'Leave' : 'Join again',
    h('span', 'visually-hidden', current.member ? ` ${current.name}` : ''),
  )
  paintSend()
  paintUnread(current)
}

/** @param {string} name */
function closeRoom(name) {
  const view = views.get(name)
  if (view === undefined) return
  const order = [...views.keys()]
  const at = order.indexOf(name)
  views.delete(name)
  view.row.remove()
  view.log.remove()
  saveRooms()
  if (current !== view) return
  current = null
  page.draft.value = ''
  show(order[at + 1] ?? order[at - 1] ?? null, false)
}

function paintSend() {
  page.send.disabled = page.draft.disabled || page.draft.value.trim() === ''
}

/** Where `field-sizing` is not known. */
function fitDraft() {
  paintSend()
  if (CSS.supports('field-sizing', 'content')) return
  page.draft.style.height = 'auto'
  page.draft.style.height = `${page.draft.scrollHeight}px`
}

/** @param {string} room @param {string} id @param {string} content */
function transmit(room, id, content) {
  const problem = chat?.send(room, id, content) ?? ''
  if (problem !== '') failed(room, id, problem, false)
}

/** @param {string} room @param {string} id @param {string} message @param {boolean} fresh */
function failed(room, id, message, fresh) {
  const view = views.get(room)
  if (view === undefined) return
  view.failed(id, message, (item) => {
    const next = fresh ? crypto.randomUUID() : id
    view.local.delete(id)
    view.local.set(next, item)
    view.fate(item, 'pending')
    transmit(room, next, item.content)
  })
  announce(`A message in ${room} was not sent: ${message}`)
}

function submitDraft() {
  const content = page.draft.value.trim()
  if (current === null || !current.member || content === '') return
  const id = newId()
  current.write(id, me, content)
  page.draft.value = ''
  fitDraft()
  transmit(current.name, id, content)
}

/** `crypto.randomUUID` is there on https and localhost only. */
function newId() {
  if (typeof crypto.randomUUID === 'function') return crypto.randomUUID()
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

// The drawer (narrow windows only)

/** What is out of sight is out of reach, too. */
function paintDrawer() {
  const open = narrow.matches && page.app.classList.contains('drawer-open')
  page.side.inert = narrow.matches && !open
  page.main.inert = open
  page.skip.inert = open
  page.backdrop.hidden = !open
  page.sideOpen.setAttribute('aria-expanded', String(open))
}

function openDrawer() {
  page.app.classList.add('drawer-open')
  paintDrawer()
  page.sideClose.focus()
}

/** @param {boolean} focusBack */
function closeDrawer(focusBack) {
  if (!page.app.classList.contains('drawer-open')) return
  page.app.classList.remove('drawer-open')
  paintDrawer()
  if (focusBack && narrow.matches) page.sideOpen.focus()
}

// The gate

/** @param {{ title: string, text: string, ask: 'name' | 'token' | 'retry' | 'nothing' }} what */
function showGate({ title, text, ask }) {
  page.app.hidden = true
  page.gate.hidden = false
  page.gateTitle.textContent = title
  page.gateText.textContent = text
  page.nameForm.hidden = ask !== 'name'
  page.tokenForm.hidden = ask !== 'token'
  page.gateRetry.hidden = ask !== 'retry'
  document.title = title === 'Parlor' ? title : `${title} · Parlor`
  if (ask === 'name') page.name.focus()
  else page.gateTitle.focus()
}

function showApp() {
  if (!page.app.hidden) return
  page.gate.hidden = true
  page.app.hidden = false
  paintDrawer()
  if (finePointer.matches) page.draft.focus()
}

/** @param {HTMLInputElement} input @param {HTMLElement} place @param {string} message */
function fieldError(input, place, message) {
  place.textContent = message
  if (message === '') return input.removeAttribute('aria-invalid')
  input.setAttribute('aria-invalid', 'true')
  input.focus()
}

const WHERE_TO_FIND = 'Open the address that the server printed when it started. It ends in “?token=…”.'

function askForName() {
  page.name.value = storage.get('localStorage', NAME_KEY) ?? ''
  showGate({ title: 'Come in', text: 'Choose a name. The others see it next to what you write.', ask: 'name' })
  page.name.select()
}

async function submitName() {
  const name = page.name.value.trim()
  if (name === '') return fieldError(page.name, page.nameError, 'Enter a name.')
  fieldError(page.name, page.nameError, '')
  const button = page.nameForm.querySelector('button')
  if (button === null || button.disabled) return
  button.disabled = true
  try {
    const response = await fetch(`${BASE}token`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ name }),
      signal: AbortSignal.timeout(15_000),
    })
    if (response.status === 401) return refuseToken('token')
    if (!response.ok) {
      const message = (await response.text()).trim().slice(0, 300)
      return fieldError(page.name, page.nameError, message || `The server answered ${response.status}.`)
    }
    const answer = await response.json()
    if (typeof answer.token !== 'string') throw new TypeError('No token')
    token = answer.token
    storage.set('sessionStorage', TOKEN_KEY, token)
    storage.set('localStorage', NAME_KEY, name)
    enter()
  } catch {
    fieldError(page.name, page.nameError, 'The server can’t be reached. Try again.')
  } finally {
    button.disabled = false
  }
}

/** @param {'token' | 'expired'} why */
function refuseToken(why) {
  storage.set('sessionStorage', TOKEN_KEY, null)
  if (why === 'expired') showGate({ title: 'Your token has expired', text: WHERE_TO_FIND, ask: 'token' })
  else if (token === '') showGate({ title: 'A token is needed', text: WHERE_TO_FIND, ask: 'token' })
  else
    showGate({
      title: 'Invalid token',
      text: `The server does not accept this token; it may have expired, or the server was started anew. ${WHERE_TO_FIND}`,
      ask: 'token',
    })
}

function submitToken() {
  const found = tokenIn(page.token.value)
  if (found === '') return fieldError(page.token, page.tokenError, 'This has no token in it.')
  storage.set('sessionStorage', TOKEN_KEY, found)
  // Everything from the start, with the room that the address names.
  location.reload()
}

// The state of the connection

/** @type {ReturnType<typeof setInterval> | undefined} */
let ticking
/** @type {ReturnType<typeof setTimeout> | undefined} */
let opening

/** @param {ConnectionState} state */
function paintState(state) {
  clearInterval(ticking)
  clearTimeout(opening)
  page.stateCount.textContent = ''
  page.stateNow.hidden = state.name !== 'waiting'
  page.banner.hidden = state.name !== 'stopped'
  switch (state.name) {
    case 'connecting':
      // A bad token is refused sooner than this: no glimpse of a chat that is none.
      if (!everConnected) opening = setTimeout(showApp, 300)
      return setState('connecting', everConnected ? 'Reconnecting' : 'Connecting')
    case 'connected':
      everConnected = true
      notice('')
      setState('connected', 'Connected')
      return showApp()
    case 'waiting': {
      if (!everConnected) showApp()
      setState(state.offline ? 'offline' : 'reconnecting', state.offline ? 'Offline' : 'Reconnecting')
      const tick = () => {
        const seconds = Math.max(0, Math.ceil((state.until - Date.now()) / 1000))
        page.stateCount.textContent = state.offline ? '' : seconds > 0 ? `in ${seconds} s` : 'now'
      }
      tick()
      ticking = setInterval(tick, 500)
      return
    }
    case 'stopped':
      return stopped(state.reason, state.detail)
  }
}

/** @param {string} name @param {string} text */
function setState(name, text) {
  page.state.dataset['state'] = name
  if (page.stateText.textContent !== text) page.stateText.textContent = text
}

/** @param {StopReason} reason @param {string} detail */
function stopped(reason, detail) {
  setState('stopped', 'Disconnected')
  page.banner.hidden = true
  if (!everConnected) {
    if (reason === 'token' || reason === 'expired') return refuseToken(reason)
    return showGate({ title: 'The server declined', text: detail || 'It gave no reason.', ask: 'retry' })
  }
  // What was read and written stays in sight.
  const texts = {
    token: `The server no longer accepts your token; it was probably started anew. ${WHERE_TO_FIND}`,
    expired: `Your token has expired. ${WHERE_TO_FIND}`,
    replaced: 'This chat was taken over by another window.',
    forbidden: `The server declined: ${detail}`,
    refused: `The server ended the connection: ${detail || 'no reason given'}.`,
  }
  page.bannerText.textContent = texts[reason]
  page.bannerAction.hidden = false
  page.bannerAction.textContent =
    reason === 'token' || reason === 'expired'
      ? 'Enter a new token'
      : reason === 'replaced'
        ? 'Continue here'
        : 'Try again'
  page.bannerAction.onclick = () => {
    if (reason === 'token' || reason === 'expired') refuseToken(reason)
    else {
      page.draft.focus()
      chat?.open()
    }
  }
  page.banner.hidden = false
}

// ---------------------------------------------------------------------------------------------------------------------
// 5. Start
// ---------------------------------------------------------------------------------------------------------------------

/** @returns {string[]} */
function savedRooms() {
  try {
    const saved = JSON.parse(storage.get('sessionStorage', ROOMS_KEY) ?? '[]')
    return Array.isArray(saved) ? saved.filter((name) => typeof name === 'string' && name !== '').slice(0, 100) : []
  } catch {
    return []
  }
}

function enter() {
  chat = new Chat(
    { base: BASE, token },
    {
      state: paintState,
      welcome(user) {
        me = user
        page.meName.textContent = user.name
        page.meAvatar.className = `avatar ${tone(user.id)}`
        page.meAvatar.textContent = initials(user.name)
      },
      joined: (room) => views.get(room)?.joined(),
      notJoined(room, message) {
        closeRoom(room)
        notice(`“${room}” can’t be joined: ${message}`)
      },
      left(room, asked) {
        const view = views.get(room)
        if (asked) {
          if (view === undefined) announce(`You left ${room}`)
          return
        }
        if (view === undefined) return
        view.member = false
        view.divider('You are no longer in this room', 'plain')
        if (view === current) paintRoom()
        announce(`You are no longer in ${room}`)
      },
      published(publication, own) {
        const view = views.get(publication.room)
        if (view === undefined) return
        if (publication.type === 'chat') view.published(publication, own)
        else if (publication.transient !== true) view.event(publication)
      },
      gap: (room, missed) =>
        views.get(room)?.divider(`${count(missed, 'message was', 'messages were')} missed`, 'missed'),
      reset: (room) =>
        views.get(room)?.divider('This room was started anew; what was written meanwhile may be missing', 'missed'),
      sent: (room, id, offset) => views.get(room)?.sent(id, offset),
      failed,
      problem: notice,
    },
  )
  const asked = new URL(location.href).searchParams.get('room') || ''
  const saved = savedRooms()
  const first = asked || saved[0] || FIRST_ROOM
  for (const name of saved.length > 0 ? saved : [first]) openRoom(name)
  openRoom(first)
  show(first, false)
  chat.open()
}

/** @param {HTMLFormElement} form @param {() => unknown} action */
function onSubmit(form, action) {
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    action()
  })
}

onSubmit(page.nameForm, submitName)
onSubmit(page.tokenForm, submitToken)
onSubmit(page.composer, submitDraft)
onSubmit(page.joinForm, () => {
  const name = page.joinName.value.trim()
  const bad =
    name === ''
      ? 'Enter the name of a room.'
      : name.length > 128
        ? 'At most 128 characters.'
        : /\p{Cc}/u.test(name)
          ? 'No control characters.'
          : ''
  fieldError(page.joinName, page.joinError, bad)
  if (bad !== '') return
  page.joinName.value = ''
  openRoom(name)
  show(name, true)
  closeDrawer(false)
  page.draft.focus()
})
page.joinName.addEventListener('input', () => fieldError(page.joinName, page.joinError, ''))
page.gateRetry.addEventListener('click', () => chat?.open())
page.stateNow.addEventListener('click', () => {
  page.draft.focus()
  chat?.open()
})
page.draft.addEventListener('input', fitDraft)
page.draft.addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229) return
  event.preventDefault()
  submitDraft()
})
page.leave.addEventListener('click', () => {
  if (current === null) return
  const { name, member } = current
  if (!member) {
    openRoom(name)
    page.draft.focus()
    return
  }
  chat?.leave(name)
  closeRoom(name)
  if (current !== null) page.draft.focus()
  else if (narrow.matches) page.sideOpen.focus()
  else page.joinName.focus()
})
page.fresh.addEventListener('click', () => {
  if (current === null) return
  current.log.focus({ preventScroll: true })
  current.log.scrollTo({ top: current.log.scrollHeight, behavior: calm.matches ? 'auto' : 'smooth' })
})
page.noticeClose.addEventListener('click', () => {
  notice('')
  page.draft.focus()
})
page.skip.addEventListener('click', (event) => {
  event.preventDefault()
  page.draft.focus()
})
page.sideOpen.addEventListener('click', openDrawer)
page.sideClose.addEventListener('click', () => closeDrawer(true))
page.backdrop.addEventListener('click', () => closeDrawer(true))
narrow.addEventListener('change', paintDrawer)
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && !event.isComposing) closeDrawer(true)
})
document.addEventListener('visibilitychange', () => current?.read())
addEventListener('popstate', () => {
  const room = new URL(location.href).searchParams.get('room')
  if (room !== null && room !== '' && chat !== null) {
    openRoom(room)
    show(room, false)
  }
})

const given = new URL(location.href).searchParams.get('token')
if (given !== null) {
  storage.set('sessionStorage', TOKEN_KEY, given)
  const url = new URL(location.href)
  url.searchParams.delete('token')
  history.replaceState(null, '', url)
}
token = given ?? storage.get('sessionStorage', TOKEN_KEY) ?? ''
if (isGuestToken(token)) askForName()
else enter()
