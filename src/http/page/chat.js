// @ts-check
/**
 * Parlor's chat page: plain modules, no framework. `npm run embed` bundles it with the SDK.
 *
 *   1. Address and token     where the server is, and who we are
 *   2. Chat                  rooms and messages, over the SDK: nothing here touches the protocol
 *   3. View                  the page
 *   4. Start
 *
 * Text of others only ever becomes `textContent`.
 */
import { connect } from '../../client/index.ts'

/**
 * @typedef {import('../../client/index.ts').Message} Message
 * @typedef {import('../../client/index.ts').Missed} Missed
 * @typedef {import('../../client/index.ts').Parlor} Parlor
 * @typedef {import('../../client/index.ts').ParlorError} ParlorError
 * @typedef {import('../../client/index.ts').Room} Room
 * @typedef {import('../../client/index.ts').StreamPosition} StreamPosition
 * @typedef {import('../../client/index.ts').User} User
 * @typedef {Extract<Message, { type: 'chat' }>} ChatMessage
 * @typedef {Extract<Message, { type: 'event' }>} EventMessage
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
// 2. Chat
// ---------------------------------------------------------------------------------------------------------------------

const HISTORY = 50
const ANSWER_TIMEOUT = 8_000

/**
 * Why no further attempt is made.
 * @typedef {'token' | 'expired' | 'replaced' | 'forbidden' | 'refused'} StopReason
 * @typedef {{ name: 'connecting' } | { name: 'connected' } | { name: 'waiting', until: number, offline: boolean } | { name: 'stopped', reason: StopReason, detail: string }} ConnectionState
 * @typedef {object} ChatHandlers
 * @property {(state: ConnectionState) => void} state
 * @property {(user: User) => void} welcome
 * @property {(room: string) => void} joined
 * @property {(room: string, message: string) => void} notJoined for good
 * @property {(room: string, asked: boolean) => void} left
 * @property {(message: Message, own: boolean) => void} published
 * @property {(room: string, missed: number) => void} gap
 * @property {(room: string) => void} reset
 * @property {(room: string, id: string, offset: number) => void} sent
 * @property {(room: string, id: string, message: string, fresh: boolean) => void} failed `fresh`: another try needs another id
 * @property {(message: string) => void} problem
 */

/** @param {StreamPosition} a @param {StreamPosition} b */
const isLater = (a, b) => a.epoch === b.epoch && a.offset > b.offset

/** What became of a message, where the SDK's own word is not for everybody. @type {Readonly<Record<string, string>>} */
const WORDS = {
  message_too_large: 'This message is too long',
  closed: 'The connection ended',
  queue_full: 'Too much is waiting already',
}

class Chat {
  /** @type {Parlor | null} */ #parlor = null
  /** The rooms to be in, and where each stood when its client was closed. @type {Map<string, Room | StreamPosition | null>} */ #rooms =
    new Map()
  /** With auth off every connection is another user. @type {Set<string>} */ #me = new Set()

  /** @param {{ base: string, token: string }} where @param {ChatHandlers} on */
  constructor(where, on) {
    this.where = where
    this.on = on
    for (const type of ['online', 'offline']) addEventListener(type, () => this.#paint())
  }

  /** Connects now, whatever was planned. */
  open() {
    if (this.#parlor !== null && this.#parlor.state.kind !== 'closed') return this.#parlor.retry()
    const { base, token } = this.where
    const parlor = connect(`${base}ws`, {
      ...(token === '' ? {} : { token }),
      onProtocolError: (what, text) => this.#problem(what, text),
    })
    this.#parlor = parlor
    parlor.subscribe(() => this.#changed(parlor))
    this.#paint()
    for (const [name, before] of this.#rooms) this.#enter(name, before)
  }

  /** @param {string} name */
  join(name) {
    if (this.#parlor === null || this.#parlor.state.kind === 'closed') this.#rooms.set(name, null)
    else this.#enter(name, null)
  }

  /** @param {string} name */
  leave(name) {
    const room = this.#rooms.get(name)
    this.#rooms.delete(name)
    if (room != null && 'leave' in room) room.leave()
    queueMicrotask(() => this.on.left(name, true))
  }

  /** @param {string} name @param {string} id @param {string} content */
  send(name, id, content) {
    const room = this.#rooms.get(name)
    if (room == null || !('publish' in room)) return this.on.failed(name, id, 'You are not connected', false)
    room.publish(content, { id }).then(
      ({ position }) => this.on.sent(name, id, position.offset),
      (/** @type {ParlorError} */ { code, message }) => {
        this.on.failed(name, id, WORDS[code] ?? message, code === 'outcome_unknown' || code === 'id_reused')
      },
    )
  }

  /** @param {string} name @param {Room | StreamPosition | null} before */
  #enter(name, before) {
    const since = before !== null && 'position' in before ? before.position : before
    const room = this.#parlor?.join(name, {
      history: HISTORY,
      ...(since ? { since } : {}),
      onMessage: (message) => this.on.published(message, this.#me.has(message.from.id)),
      onMissed: (missed) => this.#missed(name, missed),
      onFailed: (error) => this.#failed(name, error),
    })
    if (room === undefined) return
    this.#rooms.set(name, room)
    /** @type {ParlorError | undefined} */
    let trouble
    room.subscribe((state) => {
      if (state.kind === 'joined') this.on.joined(name)
      const before = trouble
      trouble = state.kind === 'joining' ? state.trouble : undefined
      if (trouble === undefined || before !== undefined) return
      this.on.problem(`“${name}” can’t be joined now: ${trouble.message}. Trying again.`)
    })
  }

  /** @param {string} name @param {ParlorError} error */
  #failed(name, { code, message }) {
    // The whole client is closed: the room is entered again with the next one.
    if (code === 'closed') return
    this.#rooms.delete(name)
    if (code === 'removed') this.on.left(name, false)
    else this.on.notJoined(name, message)
  }

  /** @param {string} name @param {Missed} missed */
  #missed(name, missed) {
    if (missed.kind === 'gap') this.on.gap(name, missed.missed)
    else if (missed.kind === 'not_recovered' && isLater(missed.position, missed.since)) {
      this.on.gap(name, missed.position.offset - missed.since.offset)
    } else this.on.reset(name)
  }

  /** @param {string} what @param {string} text */
  #problem(what, text) {
    if (text.includes('"token_expiring"')) this.on.problem('Your token expires within half a minute.')
    else if (text.includes('"type":"error"')) this.on.problem(what)
  }

  /** @param {Parlor} parlor */
  #changed(parlor) {
    const { state } = parlor
    if (state.kind === 'open') {
      this.#me.add(state.user.id)
      this.on.welcome(state.user)
    }
    if (state.kind === 'waiting' && state.why.kind === 'unreachable') void this.#probe(parlor)
    else this.#paint()
  }

  #paint() {
    const state = this.#parlor?.state
    switch (state?.kind) {
      case 'connecting':
        return this.on.state({ name: 'connecting' })
      case 'open':
        return this.on.state({ name: 'connected' })
      case 'waiting':
        return this.on.state({ name: 'waiting', until: state.until, offline: !navigator.onLine })
      case 'closed':
        if (state.why === 'asked') return
        return this.on.state({
          name: 'stopped',
          reason: state.why === 'token_expired' ? 'expired' : state.why === 'replaced' ? 'replaced' : 'refused',
          detail: state.reason,
        })
    }
  }

  /** A browser does not say why a handshake failed. The same route asked without an upgrade does. @param {Parlor} parlor */
  async #probe(parlor) {
    const { base, token } = this.where
    let status = 0
    let detail = ''
    try {
      const response = await fetch(`${base}ws`, {
        headers: token === '' ? {} : { Authorization: `Bearer ${token}` },
        cache: 'no-store',
        signal: AbortSignal.timeout(ANSWER_TIMEOUT),
      })
      status = response.status
      if (status === 401 || status === 403) detail = (await response.text()).slice(0, 200)
    } catch {
      // Not there: that is why.
    }
    if (parlor !== this.#parlor || parlor.state.kind === 'open' || parlor.state.kind === 'closed') return
    if (status !== 401 && status !== 403) return this.#paint()
    parlor.close()
    this.on.state({ name: 'stopped', reason: status === 401 ? 'token' : 'forbidden', detail })
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// 3. View
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

  /** @param {ChatMessage} publication @param {boolean} own */
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

  /** @param {EventMessage} event */
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
  chat?.send(room, id, content)
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
// 4. Start
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
