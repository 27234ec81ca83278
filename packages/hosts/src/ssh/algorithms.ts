/**
 * The algorithms we offer: fast and safe ones first, nothing that rests on SHA-1.
 *
 * The key type of a pin goes to the front of its list, as in OpenSSH; otherwise a host with several keys would show
 * another of them and look like a stranger.
 */
import type { Algorithms, ServerHostKeyAlgorithm } from 'ssh2'

const hostKeys: readonly ServerHostKeyAlgorithm[] = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-512',
  'rsa-sha2-256',
]

const offered = {
  kex: [
    'curve25519-sha256',
    'curve25519-sha256@libssh.org',
    'ecdh-sha2-nistp256',
    'ecdh-sha2-nistp384',
    'ecdh-sha2-nistp521',
    'diffie-hellman-group16-sha512',
    'diffie-hellman-group14-sha256',
  ],
  cipher: [
    'aes128-gcm@openssh.com',
    'aes256-gcm@openssh.com',
    'chacha20-poly1305@openssh.com',
    'aes128-ctr',
    'aes256-ctr',
  ],
  hmac: ['hmac-sha2-256-etm@openssh.com', 'hmac-sha2-512-etm@openssh.com', 'hmac-sha2-256', 'hmac-sha2-512'],
  compress: ['none'],
} satisfies Algorithms

/** What to offer a host of which a key of this type is pinned, or none. */
export function algorithms(type: string | undefined): Algorithms {
  const isPinned = (name: string): boolean => (type === 'ssh-rsa' ? name.startsWith('rsa-') : name === type)
  return {
    ...offered,
    serverHostKey: [...hostKeys].sort((a, b) => Number(isPinned(b)) - Number(isPinned(a))),
  }
}
