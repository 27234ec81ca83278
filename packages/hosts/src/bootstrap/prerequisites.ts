/** The steps that check what every managed host needs: a working shell, root access, and a supported system. */
import type { Facts } from '../facts/facts.ts'
import { oscmd } from '../oscmd/oscmd.ts'
import { sudoersLine } from '../command/sudo.ts'
import type { Step } from './step.ts'

/** The steps of the profile `none`. They only look and change nothing. */
export function soundSteps(facts: Facts): readonly Step[] {
  return [
    {
      name: 'a POSIX shell answers',
      check: async (remote, { signal }) => {
        const { code, stdout } = await remote.run('sh -s', {
          input: 'echo $((40 + 2))\n',
          ...(signal && { signal }),
        })
        return code === 0 && /^42$/m.test(stdout)
          ? undefined
          : `"sh -s" answered "${stdout.trim().slice(0, 80)}" (status ${code})`
      },
    },
    {
      name: 'root without a password',
      check: async (remote, { signal }) => {
        const { code } = await remote.run('true', { sudo: true, ...(signal && { signal }) })
        return code === 0
          ? undefined
          : `sudo ended with status ${code}; "${sudoersLine(facts.user)}" is missing`
      },
    },
    {
      name: 'a package manager that we know',
      check: async () => {
        oscmd(facts)
        return undefined
      },
    },
    {
      name: 'sshd starts at boot',
      check: async (remote, { signal }) => {
        if (!facts.systemd) return undefined
        const asked =
          'for u in sshd.service ssh.service sshd.socket ssh.socket; do systemctl is-enabled $u; done 2>/dev/null'
        const { stdout } = await remote.run(asked, signal ? { signal } : {})
        const isEnabled = /^(enabled|enabled-runtime|static|alias|indirect|generated)/m.test(stdout)
        return isEnabled
          ? undefined
          : 'no unit of sshd is enabled: the host would not be reachable after a reboot'
      },
    },
  ]
}
