/** A token, or how to get one: it is asked for before every connection, and when the server says that the last one runs out. */
export type Token = string | (() => string | Promise<string>)

/** Asks for a token, in a later turn: a callback may want the result of `connect`. Fails where the callback does. */
export async function fetchToken(token: Token | undefined): Promise<string | undefined> {
  await undefined
  return typeof token === 'function' ? await token() : token
}
