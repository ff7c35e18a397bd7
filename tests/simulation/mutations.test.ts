import { describe, expect, test } from 'vitest'
import { hunt } from './mutations/hunt.ts'
import { INSIDE } from './mutations/inside.ts'
import { huntInside } from './mutations/mutant.ts'
import { OUTSIDE, sabotaged } from './mutations/outside.ts'

/** Runs within which a deliberate fault has to be found. */
const MOST = 1000

describe('the checker bites', () => {
  test.each(OUTSIDE)('where $name', { timeout: 120_000 }, async (mutation) => {
    const found = await hunt(() => sabotaged(mutation), MOST)
    expect(found?.violation.rule).toMatch(mutation.breaks)
  })

  test.each(INSIDE)('where, inside of src/, $name', { timeout: 120_000 }, async (mutation) => {
    const found = await huntInside(mutation, MOST)
    expect(found?.rule).toMatch(mutation.breaks)
  })
})
