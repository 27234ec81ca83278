/** The scenarios in one process, over memory and sqlite. */
import { everything } from './extent.ts'
import { oneProcess } from './worlds/one-process.ts'
import { runScenarios } from './run.ts'

runScenarios('in one process over memory', {
  parts: ['commissaire'],
  open: () => oneProcess(),
  extent: everything,
})
