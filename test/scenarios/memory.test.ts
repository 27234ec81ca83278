/** The scenarios in one process, over memory and sqlite. */
import { oneProcess } from './worlds/one-process.ts'
import { runScenarios } from './run.ts'

runScenarios('in one process over memory', ['commissaire'], oneProcess)
