import { onNode24 } from './sqlite/runtimes.ts'
import { sqliteSuite } from './sqlite/sqlite-suite.ts'

sqliteSuite(onNode24)
