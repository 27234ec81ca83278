/** Adds hosts to a cluster one by one, in a store that others change at the same time. Arguments: directory, prefix, count. */
import { Cluster } from '@commissaire/models'
import { Store } from '../../src/index.ts'
import { serveStorage } from '../storage-over-bus.ts'

const [dataDir = '', prefix = '', count = '0'] = process.argv.slice(2)

await using service = await serveStorage(await Store.open({}, { dataDir }))
for (let number = 0; number < Number(count); number++) {
  await service.storage.update(Cluster, 'honeynut', (cluster) => {
    return { ...cluster, hostset: [...cluster.hostset, `${prefix}-${number}`] }
  })
}
