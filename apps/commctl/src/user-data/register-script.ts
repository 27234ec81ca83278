/**
 * The shell script by which a new host registers itself at first boot. It needs `sh`, `curl` and `ssh-keygen`, makes the
 * key by which the host is reached, and reports the public host keys along with it, so that nobody can answer in the
 * host's place, not even at the first connection.
 *
 * It may run again: keys that are there are used, and the server answers the same registration with the same host.
 */

/** What the script is told. All of it was checked: names go into JSON and sudoers as they are. */
export interface ScriptValues {
  /** Without a slash at the end; tried in order. */
  readonly endpoints: readonly string[]
  /** The value of the header `Authorization`; undefined where the host needs none. */
  readonly authorization: string | undefined
  /** PEM of the authorities that the server's certificate is checked against, in place of the system's. */
  readonly authorities: string | undefined
  readonly cluster: string | undefined
  readonly remoteUser: string
  /** Paths on the host; empty for the places below the user's home. */
  readonly keyPath: string
  readonly authorizedKeysPath: string
}

/** Writes the script. Credentials stand in here-documents, which not even `sh -x` shows. */
export function registerScript(values: ScriptValues): string {
  const { endpoints, authorization, authorities } = values
  return `#!/bin/sh
# Registers this host with Commissaire at its first boot. Made by "commctl user-data".
# It holds credentials: whoever reads it may do what they allow.
set -eu
umask 077
PATH=$PATH:/usr/sbin:/sbin

endpoints=${quoted(endpoints.join(' '))}
cluster=${quoted(values.cluster ?? '')}
remote_user=${quoted(values.remoteUser)}
key=${quoted(values.keyPath)}
authorized_keys=${quoted(values.authorizedKeysPath)}
# Seconds in which the server is asked again while it does not answer.
patience=\${COMMISSAIRE_PATIENCE:-600}

credentials() {
  cat <<'END_OF_CREDENTIALS'
${authorization === undefined ? '' : `header = "Authorization: ${authorization}"`}
END_OF_CREDENTIALS
}

authorities() {
  cat <<'END_OF_AUTHORITIES'
${authorities?.trim() ?? ''}
END_OF_AUTHORITIES
}
${steps}`
}

/** A word of the shell, whatever it holds. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}

/** What is the same for every host. ASCII, and for the plainest of shells. */
const steps = String.raw`
say() { echo "commissaire: $*"; }
fail() { say "$*" >&2; exit 1; }
has() { command -v "$1" >/dev/null 2>&1; }
uptime() { read -r up _ < /proc/uptime; echo "${'$'}{up%%.*}"; }

has curl || fail "curl is not installed; install it before, with the part that user-data -C carries"
has ssh-keygen || fail "ssh-keygen is not installed; it comes with the OpenSSH client"

# The user that Commissaire logs in as.
if ! id "$remote_user" >/dev/null 2>&1; then
  say "adding the user $remote_user"
  if has useradd; then useradd -m "$remote_user"; else adduser -D "$remote_user"; fi
fi
if [ "$remote_user" != root ]; then
  has sudo || say "sudo is not installed, and $remote_user will need it" >&2
  mkdir -p /etc/sudoers.d
  echo "$remote_user ALL=(ALL) NOPASSWD: ALL" > /etc/sudoers.d/commissaire
  chmod 440 /etc/sudoers.d/commissaire
fi
group=$(id -gn "$remote_user")
home=$(eval "echo ~$remote_user")
key=${'$'}{key:-$home/.ssh/commissaire}
authorized_keys=${'$'}{authorized_keys:-$home/.ssh/authorized_keys}
for folder in "${'$'}{key%/*}" "${'$'}{authorized_keys%/*}"; do
  [ -d "$folder" ] || { mkdir -p "$folder"; chown "$remote_user:$group" "$folder"; }
done

# The key that opens this host.
[ -f "$key" ] || ssh-keygen -q -t ed25519 -N '' -C "commissaire@$(uname -n)" -f "$key"
public=$(ssh-keygen -y -P '' -f "$key" 2>/dev/null) || fail "$key is no private key, or has a passphrase"
public=$(echo "$public" | cut -d ' ' -f 1,2)
if ! grep -qsF "$public" "$authorized_keys"; then
  # The last line there may lack its end.
  if [ -s "$authorized_keys" ] && [ -n "$(tail -c 1 "$authorized_keys")" ]; then echo >> "$authorized_keys"; fi
  echo "$public commissaire" >> "$authorized_keys"
  chmod 600 "$authorized_keys"
  chown "$remote_user:$group" "$authorized_keys"
fi
if has restorecon; then restorecon -R "${'$'}{key%/*}" "${'$'}{authorized_keys%/*}" || true; fi

# The keys by which this host is known: those that sshd shows, else those in the usual place.
ls /etc/ssh/ssh_host_*_key.pub >/dev/null 2>&1 || ssh-keygen -A >/dev/null
shown=$(sshd -T 2>/dev/null | sed -n 's/^hostkey \(.*\)$/\1.pub/p' || true)
host_keys=
for file in ${'$'}{shown:-/etc/ssh/ssh_host_*_key.pub}; do
  [ -r "$file" ] || continue
  read -r type body _ < "$file" || true
  host_keys="$host_keys${'$'}{host_keys:+, }\"$type $body\""
done
[ -n "$host_keys" ] || fail "this host has no host key that could be reported"

# What is sent lies in a folder for root alone, and nothing of it on a command line.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
authorities > "$work/authorities"
{
  printf '{"remote_user": "%s", ' "$remote_user"
  [ -z "$cluster" ] || printf '"cluster": "%s", ' "$cluster"
  printf '"host_keys": [%s], "ssh_priv_key": "' "$host_keys"
  base64 < "$key" | tr -d '\n'
  printf '"}'
} > "$work/body"

ask() {
  {
    credentials
    if grep -q CERTIFICATE "$work/authorities"; then echo "cacert = \"$work/authorities\""; fi
  } | curl -q --config - --silent --show-error --proto =http,https --connect-timeout 10 --max-time 60 \
    --request PUT --header 'Content-Type: application/json' --data-binary "@$work/body" \
    --output "$work/answer" --write-out '%{http_code}' "$1/api/v0/host" 2> "$work/error"
}

end=$(( $(uptime) + patience ))
pause=1
while :; do
  for endpoint in $endpoints; do
    : > "$work/answer"
    code=$(ask "$endpoint") || code=000
    case $code in
      200 | 201) say "this host is registered with $endpoint"; exit 0 ;;
      000) reason="$endpoint: $(cat "$work/error")" ;;
      408 | 429 | 5??) reason="$endpoint answered with $code" ;;
      401 | 403) fail "$endpoint refused the credentials ($code)" ;;
      *) fail "$endpoint refused this host ($code): $(head -c 500 "$work/answer")" ;;
    esac
    say "$reason" >&2
  done
  [ $(( $(uptime) + pause )) -le "$end" ] || fail "gave up after $patience seconds"
  sleep "$pause"
  pause=$(( pause < 30 ? pause * 2 : 30 ))
done
`
