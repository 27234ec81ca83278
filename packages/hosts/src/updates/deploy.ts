/**
 * Deploys a version of the system on an image-based host, and checks after the reboot that it runs.
 *
 * Between the two lies the reboot, which is the caller's to time.
 */
import { carryOut, type CarryOutOptions } from './carry-out.ts'
import { HostError } from '../errors.ts'
import type { Facts } from '../facts/facts.ts'
import { gatherFacts } from '../facts/gather.ts'
import type { Deployment } from '../facts/image.ts'
import { oscmd } from '../oscmd/oscmd.ts'
import { checkReady } from './ready.ts'
import type { Remote } from '../remote.ts'
import type { ChangeReport } from './upgrade.ts'

/** What a deployment came to. */
export interface DeployReport extends ChangeReport {
  /** What the next boot will run; hand it to `checkDeployed` afterwards. Undefined when the host does not tell. */
  readonly expected: Deployment | undefined
}

/** Deploys. The version is a version, a checksum, a tag or a whole image reference, as the host's kind has them. */
export async function deployHost(
  remote: Remote,
  facts: Facts,
  options: CarryOutOptions & { readonly version: string },
): Promise<DeployReport> {
  const started = performance.now()
  const { version, ...carrying } = options
  const command = oscmd(facts).deploy(version)
  checkReady(facts)
  const outcome = await carryOut(remote, command, carrying)
  const after = await gatherFacts(remote, options.signal ? { signal: options.signal } : {})
  const expected = after.image?.pending ?? after.image?.booted
  return { outcome, rebootNeed: after.rebootNeed, expected, ms: Math.round(performance.now() - started) }
}

/** Throws `rolled_back` when the host, after its reboot, runs another image than was deployed. */
export function checkDeployed(facts: Facts, expected: Deployment): void {
  const booted = facts.image?.booted
  if (booted?.digest === expected.digest) return
  const { address } = facts
  const found = `${address}: deployed was ${show(expected)}, booted is ${booted ? show(booted) : 'no known image'}`
  throw new HostError('rolled_back', found, { address, details: { expected, booted } })
}

function show({ version, digest }: Deployment): string {
  return version ? `${version} (${digest})` : digest
}
