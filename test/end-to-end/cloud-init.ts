/**
 * A stand-in for cloud-init on a host of the lab: takes a user-data file apart as the real one does (with the same
 * library, Python's `email`), writes the files of its cloud-config, and has its scripts run as root, once, at the next
 * boot, in the order of their names.
 */
import { execFileSync } from 'node:child_process'
import type { LabHost } from '@commissaire/lab'
import { parse } from 'yaml'

/** One part of a user-data file. */
export interface UserDataPart {
  readonly type: string
  readonly name: string
  readonly content: string
}

const takeApart = `
import email, json, sys
message = email.message_from_bytes(sys.stdin.buffer.read())
assert message.get_content_type() == "multipart/mixed", message.get_content_type()
print(json.dumps([
    {"type": part.get_content_type(), "name": part.get_filename(), "content": part.get_payload(decode=True).decode()}
    for part in message.walk() if part.get_content_maintype() != "multipart"
]))
`

/** The parts of a user-data file. */
export function partsOf(userData: string): UserDataPart[] {
  return JSON.parse(execFileSync('python3', ['-c', takeApart], { input: userData, encoding: 'utf8' }))
}

const scripts = '/var/lib/cloud/instance/scripts'

/** Where everything goes that the scripts say. */
export const outputLog = '/var/log/cloud-init-output.log'

const unit = `[Unit]
Description=Stand-in of the last stage of cloud-init
After=ssh.service network.target
ConditionPathExists=!/var/lib/cloud/done

[Service]
Type=oneshot
ExecStart=/bin/sh -c 'touch /var/lib/cloud/done; for s in ${scripts}/*; do "$s"; done'
StandardOutput=append:${outputLog}
StandardError=append:${outputLog}

[Install]
WantedBy=multi-user.target
`

/** Gives the host its user-data, as a cloud does before a machine is switched on. */
export async function seed(host: LabHost, userData: string): Promise<void> {
  const files = partsOf(userData).flatMap(({ type, name, content }) => {
    if (type === 'text/x-shellscript') return [{ path: `${scripts}/${name}`, content, mode: '700' }]
    const { write_files = [] } = (parse(content) ?? {}) as {
      write_files?: { path: string; content: string }[]
    }
    return write_files.map(({ path, content: text }) => ({ path, content: text, mode: '644' }))
  })
  await put(host, [...files, { path: '/etc/systemd/system/cloud-final.service', content: unit, mode: '644' }])
  await command(host, 'systemctl enable cloud-final')
}

/** Runs a command on the host, as root, that must succeed. */
export async function command(host: LabHost, line: string): Promise<string> {
  const { code, stdout, stderr } = await host.ssh(line)
  if (code !== 0) throw new Error(`"${line}" on ${host.name} ended with ${code}: ${stderr}`)
  return stdout
}

async function put(
  host: LabHost,
  files: readonly { path: string; content: string; mode: string }[],
): Promise<void> {
  for (const { path, content, mode } of files) {
    const base64 = Buffer.from(content).toString('base64')
    const folder = path.slice(0, path.lastIndexOf('/'))
    await command(host, `mkdir -p ${folder} && echo ${base64} | base64 -d > ${path} && chmod ${mode} ${path}`)
  }
}
