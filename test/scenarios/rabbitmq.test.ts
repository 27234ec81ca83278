/** The scenarios in seven processes over RabbitMQ, with sqlite and with etcd. */
import { runOver } from './run.ts'

runOver('rabbitmq')
