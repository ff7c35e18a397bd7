/** A promise that was broken. */
export interface Violation {
  /** The rule of SPEC.md, or the guarantee of design.md by its number. */
  readonly rule: string
  readonly said: string
  /** Virtual ms. */
  readonly at: number
  /** The number of the fact by which it showed. */
  readonly fact: number
}

export type Complain = (rule: string, said: string) => void
