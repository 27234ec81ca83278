/** The scenarios in seven processes over NATS, with sqlite and with etcd. */
import { runOver } from './run.ts'

runOver('nats')
