/** The scenarios in seven processes over Redis, with etcd. */
import { runOver } from './run.ts'

runOver('redis', 'etcd')
