/**
 * Puts the test files that take minutes first, so that none of them is the last to begin while the other worker idles.
 * Vitest knows how long files take only where it has run before; a fresh checkout, as in CI, has to be told.
 */
import { relative } from 'node:path'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Where the long ones are, the longest first. */
const long = [
  /^test\/end-to-end\/(real-hosts|killed|preparation\.)/,
  /^test\/(scenarios|chaos)\/(redis-sqlite|nats-etcd)/,
  /^packages\/bus\/test\/contract\/amqp/,
  /^apps\/services\/test\/clusterexec\//,
  /^test\/scenarios\//,
  /^test\/end-to-end\//,
  /^packages\/service\/test\/manager\//,
  /^packages\/bus\/test\/(contract|kombu)\//,
  /^apps\/(commctl|services)\/test\//,
  /^lab\/test\//,
]

/** The order of files. */
export class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const usual = await super.sort(files)
    const rank = ({ moduleId }: TestSpecification): number => {
      const path = relative(this.ctx.config.root, moduleId)
      const index = long.findIndex((pattern) => pattern.test(path))
      return index === -1 ? long.length : index
    }
    return usual.toSorted((one, other) => rank(one) - rank(other))
  }
}
