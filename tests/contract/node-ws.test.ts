import { contract } from './contract.ts'
import { nodeWs } from './fixtures.ts'

contract(nodeWs)
