import { contract } from './contract.ts'
import { deno } from './fixtures.ts'

contract(deno)
