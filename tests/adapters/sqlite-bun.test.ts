import { onBun } from './sqlite/runtimes.ts'
import { sqliteSuite } from './sqlite/sqlite-suite.ts'

sqliteSuite(onBun)
