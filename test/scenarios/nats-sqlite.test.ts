/** The scenarios in seven processes over NATS, with sqlite. */
import { runOver } from './run.ts'

runOver('nats', 'sqlite')
