import { contract } from './contract.ts'
import { bun } from './fixtures.ts'

contract(bun)
