/** The scenarios in seven processes over RabbitMQ, with sqlite. */
import { runOver } from './run.ts'

runOver('rabbitmq', 'sqlite')
