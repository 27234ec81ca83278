/** The step that enables a service at boot, starts it, and restarts it after its configuration has changed. */
import type { Facts } from '../facts/facts.ts'
import { minute, type OsCommand } from '../oscmd/commands.ts'
import { byStatus } from '../oscmd/outcome.ts'
import { quote } from '../command/quote.ts'
import { markOf } from './file.ts'
import { checkedBy, type Step } from './step.ts'

interface InitWords {
  readonly isEnabled: string
  readonly isRunning: string
  readonly enable: string
  readonly restart: string
}

/** The step after which it runs; `answers` is a command that succeeds when it also works. */
export function runningService(
  facts: Facts,
  service: string,
  { answers }: { readonly answers?: string } = {},
): Step {
  const { isEnabled, isRunning, enable, restart } = wordsOf(facts)(quote(service))
  const mark = quote(markOf(service))
  const checks = [
    `${isEnabled} >/dev/null 2>&1 || { echo "${service} does not start at boot"; exit 1; }`,
    `${isRunning} >/dev/null 2>&1 || { echo "${service} does not run"; exit 1; }`,
    `[ ! -e ${mark} ] || { echo "${service} runs with an older configuration"; exit 1; }`,
    ...(answers ? [`${answers} >/dev/null 2>&1 || { echo "${service} does not answer"; exit 1; }`] : []),
  ]
  const action: OsCommand = {
    run: `${enable} && ${restart} && rm -f ${mark}`,
    title: `starting ${service}`,
    timeout: 5 * minute,
    read: byStatus(),
  }
  return {
    name: `${service} runs, now and after every boot`,
    check: checkedBy(checks.join('\n'), `${service} does not run`),
    action,
    does: `enables ${service} and starts it afresh`,
  }
}

function wordsOf(facts: Facts): (service: string) => InitWords {
  if (facts.systemd) return systemd
  return facts.managers.includes('apk') ? openrc : sysv
}

const systemd = (service: string): InitWords => ({
  isEnabled: `systemctl is-enabled ${service}`,
  isRunning: `systemctl is-active ${service}`,
  enable: `systemctl daemon-reload && systemctl enable ${service}`,
  restart: `systemctl restart ${service}`,
})

const openrc = (service: string): InitWords => ({
  isEnabled: `rc-update show default | grep -qw ${service}`,
  isRunning: `rc-service ${service} status`,
  enable: `rc-update add ${service} default`,
  restart: `rc-service ${service} restart`,
})

/** Whether a service starts at boot cannot be asked of every init of this kind; that it runs can. */
const sysv = (service: string): InitWords => ({
  isEnabled: 'true',
  isRunning: `service ${service} status`,
  enable: 'true',
  restart: `service ${service} restart`,
})
