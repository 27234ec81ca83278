/**
 * Makes ssh accept the pinned key of a host and no other. A pin is a line of known_hosts without its name, or a
 * fingerprint; without a pin the person's own configuration of ssh decides.
 */

/** What is to be trusted, and how a private file is written. */
export interface Trust {
  readonly address: string
  readonly pin: string
  readonly write: (name: string, text: string) => string
}

/** The options for ssh. */
export function hostKeyOptions({ address, pin, write }: Trust): string[] {
  if (pin === '') return []
  const options = [
    'StrictHostKeyChecking=yes',
    `HostKeyAlias=${address}`,
    'GlobalKnownHostsFile=/dev/null',
    'UpdateHostKeys=no',
  ]
  const how = pin.startsWith('SHA256:')
    ? [
        'UserKnownHostsFile=/dev/null',
        `KnownHostsCommand=/bin/sh ${quoted(write('known-hosts-command', byFingerprint(pin, address)))} %f %t %K`,
      ]
    : [`UserKnownHostsFile=${quoted(write('known_hosts', `${address} ${pin.trim()}\n`))}`]
  return [...options, ...how].flatMap((option) => ['-o', option])
}

/** ssh shows the script the fingerprint and the key of the host; it vouches for the pinned one. */
function byFingerprint(pin: string, address: string): string {
  const wanted = pin.replace(/[^\w:+/]/g, '')
  return `[ "$1" = '${wanted}' ] && printf '%s %s %s\\n' '${address}' "$2" "$3"\nexit 0\n`
}

const quoted = (path: string): string => `"${path}"`
