/** Refuses what is left of options when all that there are were taken out: plain JavaScript can misspell one. */
export function refuseOthers(others: object): void {
  for (const name in others) throw new TypeError(`No option: ${name}`)
}
