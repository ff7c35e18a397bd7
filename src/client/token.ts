/** A token, or how to get one, where there is one. */
export type Token = string | (() => string | undefined | Promise<string | undefined>)

/** Asks for a token, in a later turn: a callback may want the result of `connect`. Fails where the callback does. */
export async function fetchToken(token: Token | undefined): Promise<string | undefined> {
  await undefined
  return typeof token === 'function' ? await token() : token
}
