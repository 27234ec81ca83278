/** A process that takes a message from a queue, reports that, and never settles it. */
import { connect } from '@commissaire/bus'

const [url = '', name = ''] = process.argv.slice(2)
const bus = await connect(url, {
  visibility: 900,
  maxAttempts: 2,
  transports: { 'unix:': () => import('../../examples/transports/unix-socket/transport.ts') },
})
await bus.serve(
  { name, routingKeys: [] },
  {
    handler: () => {
      process.send?.('taken')
      return new Promise(() => {})
    },
  },
)
