/** The scenarios in seven processes over NATS, with etcd. */
import { runOver } from './run.ts'

runOver('nats', 'etcd')
