import { contract } from './contract.ts'
import { node } from './fixtures.ts'

contract(node)
