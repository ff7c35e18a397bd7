import { contract } from './contract.ts'
import { workerDirect } from './fixtures.ts'

contract(workerDirect)
