import { contract } from './contract.ts'
import { worker } from './fixtures.ts'

contract(worker)
