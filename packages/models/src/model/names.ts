/**
 * The syntax of names and addresses. Both are parts of keys, routing keys and URLs, hence the small alphabet.
 */
import { z } from 'zod'

/** Names of clusters, networks and container managers. */
export const namePattern = /^[a-zA-Z0-9_-]+$/

/** Addresses of hosts: names, IPv4, IPv6. */
export const addressPattern = /^[a-zA-Z0-9_.:-]+$/

/** A name; required. */
export const name = z.string().regex(namePattern, {
  error: 'must be one or more of letters, digits, "_" and "-"',
})

/** The address of a host; required. */
export const address = z.string().regex(addressPattern, {
  error: 'must be one or more of letters, digits, "_", "-", "." and ":"',
})
