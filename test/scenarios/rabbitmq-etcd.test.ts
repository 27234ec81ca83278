/** The scenarios in seven processes over RabbitMQ, with etcd. */
import { runOver } from './run.ts'

runOver('rabbitmq', 'etcd')
