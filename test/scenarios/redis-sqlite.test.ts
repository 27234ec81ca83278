/** The scenarios in seven processes over Redis, with sqlite. */
import { runOver } from './run.ts'

runOver('redis', 'sqlite')
