/** The address of `/ws`. `http` and `https` will do, and in a page one relative to it. Throws where it is none. */
export function addressOf(url: string | URL): URL {
  const address = absolute(url)
  address.protocol = address.protocol.replace('http', 'ws')
  address.hash = ''
  if (!/^wss?:$/.test(address.protocol)) throw new TypeError(`No WebSocket address: ${url}`)
  return address
}

function absolute(url: string | URL): URL {
  try {
    return new URL(url)
  } catch (error) {
    if (typeof location === 'undefined') throw error
    return new URL(url, location.href)
  }
}
