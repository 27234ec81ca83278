/** The scenarios in seven processes over Redis, with sqlite and with etcd. */
import { runOver } from './run.ts'

runOver('redis')
