import { afterEach, describe, expect, test, vi } from 'vitest'
import { platform } from '../../src/client/environment.ts'

afterEach(() => {
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
  vi.useRealTimers()
})

/** A browser's globals, as far as the SDK looks at them. */
function browser(): {
  readonly window: EventTarget
  readonly document: EventTarget & { hidden: boolean }
  readonly connection: EventTarget
} {
  const window = new EventTarget()
  const document = Object.assign(new EventTarget(), { hidden: false })
  const connection = new EventTarget()
  vi.stubGlobal('addEventListener', window.addEventListener.bind(window))
  vi.stubGlobal('document', document)
  vi.stubGlobal('navigator', { connection })
  return { window, document, connection }
}

describe('the platform', () => {
  test('[SDK-14] a page: back online, shown again, another network, back from the cache; and nothing after the end', () => {
    const { window, document, connection } = browser()
    const heard = vi.fn()
    const stop = platform.onWake(() => heard())
    window.dispatchEvent(new Event('online'))
    window.dispatchEvent(new Event('pageshow'))
    connection.dispatchEvent(new Event('change'))
    document.dispatchEvent(new Event('visibilitychange'))
    expect(heard).toHaveBeenCalledTimes(4)
    document.hidden = true
    document.dispatchEvent(new Event('visibilitychange'))
    expect(heard).toHaveBeenCalledTimes(4)
    stop()
    document.hidden = false
    window.dispatchEvent(new Event('online'))
    document.dispatchEvent(new Event('visibilitychange'))
    connection.dispatchEvent(new Event('change'))
    expect(heard).toHaveBeenCalledTimes(4)
  })

  test('[SDK-14] no page, and no such events: that is no trouble', () => {
    vi.stubGlobal('addEventListener', undefined)
    vi.stubGlobal('navigator', undefined)
    expect(() => platform.onWake(() => {})()).not.toThrow()
  })

  test('[SDK-41] what a handler throws goes to reportError in a page, else to the console, where it ends no process', () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {})
    const reportError = vi.fn()
    vi.stubGlobal('reportError', reportError)
    platform.report('outside')
    expect(log).toHaveBeenCalledWith('outside')
    browser()
    platform.report('inside')
    expect(reportError).toHaveBeenCalledWith('inside')
  })

  test('[SDK-30] ids are unique, of 64 characters at most, also where the page is no secure context', () => {
    vi.stubGlobal('crypto', { getRandomValues: crypto.getRandomValues.bind(crypto) })
    const ids = Array.from({ length: 1000 }, () => platform.id())
    expect(new Set(ids).size).toBe(1000)
    for (const id of ids) expect(id).toMatch(/^[0-9a-z]{32}$/)
  })

  test('[SDK-3] a wait longer than timers can is long, not none', () => {
    vi.useFakeTimers()
    const task = vi.fn()
    const cancel = platform.after(1e15, task)
    vi.advanceTimersByTime(1_000_000)
    expect(task).not.toHaveBeenCalled()
    cancel()
    expect(vi.getTimerCount()).toBe(0)
  })
})
