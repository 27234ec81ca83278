/**
 * The interface of an authenticator. Each built-in one is a file in `plugins/`, named as in the configuration; others are
 * loaded from external modules (`docs/guide/authentication.md`).
 */
import type { IncomingHttpHeaders } from 'node:http'
import type { Logger } from '@commissaire/bus'
import type { FastifyRequest } from 'fastify'
import type { Role } from './role.ts'

/** The credentials of a request. They must never be logged. */
export interface Credentials {
  readonly headers: IncomingHttpHeaders
  /** The request itself, for what is not in the headers, such as a client certificate. */
  readonly request: FastifyRequest
}

/** An authenticated user. */
export interface Identity {
  readonly user: string
  /** The user's role; default the plugin's option `role`, and without that `admin`. */
  readonly role?: Role
  /** How many milliseconds the same credentials are accepted without asking again; default 0. */
  readonly rememberFor?: number
  /** Headers of the response, for instance a token. */
  readonly headers?: Readonly<Record<string, string>>
}

/** Authenticates requests. */
export interface Authenticator {
  /** The value of `WWW-Authenticate`, if the scheme has one. */
  readonly challenge?: string
  /** The request header with the secret, in lower case; default `authorization`. Failed attempts with it are counted. */
  readonly header?: string
  /**
   * Returns the user; undefined when the credentials are not known. Throws when the check itself failed: the error is
   * logged, and the next authenticator is asked. An implementation that waits must stop when the signal is aborted.
   */
  authenticate(credentials: Credentials, options: { signal: AbortSignal }): Promise<Identity | undefined>
  /** Releases what the authenticator holds. */
  close?(): Promise<void>
}

/** What an authenticator receives when it is opened. */
export interface AuthenticatorTools {
  readonly log: Logger
  /** Whether the server requires and verifies client certificates. */
  readonly verifiesClients?: boolean
  /** The plugin's option `role`: the role of users for whom the plugin itself determines none. */
  readonly role?: Role
}

/** The exports of a module with an authenticator. */
export interface AuthenticatorModule {
  /** Creates an authenticator from its options in the configuration. Throws a ConfigError for invalid options. */
  open(options: unknown, tools: AuthenticatorTools): Promise<Authenticator>
}
