/**
 * The interface of a remote host: runs commands and returns their results.
 *
 * `ssh/` implements it. Another implementation runs the suite `remoteContract` of `./testing`.
 */

/** How a command is run. */
export interface RunOptions {
  /** Text for the command's standard input, which is closed after it. */
  readonly input?: string
  /** Milliseconds until the command is killed and the call fails with `timeout`. Default: 60 seconds. */
  readonly timeout?: number
  /** Kills the command; the call fails with `cancelled`. */
  readonly signal?: AbortSignal
  /** Bytes kept of each of the two streams. Default: 1 MiB. */
  readonly maxOutput?: number
  /**
   * What happens when a stream has more: `fail` kills the command at once, and the call fails with `too_much_output`; `drop`
   * reads the rest and forgets it, for commands that should not be killed for what they print. Default: `fail`.
   */
  readonly overflow?: 'fail' | 'drop'
  /** Runs as root, through `sudo -n` where the login is not root's. Fails with `no_sudo` where that is refused. */
  readonly sudo?: boolean
  /** Called with each whole line while the command runs, also with those beyond `maxOutput`. */
  readonly onLine?: (stream: 'stdout' | 'stderr', line: string) => void
}

/** How a command ended. That it failed is a result; that it could not be run is an error. */
export interface CommandResult {
  /** The exit status, or null when a signal ended the command. */
  readonly code: number | null
  /** The name of that signal, such as `KILL`. */
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
  /** True when one of the streams had more than `maxOutput`, and the rest was dropped. */
  readonly truncated: boolean
  /** How long it took, seen from here. */
  readonly ms: number
}

/** One open way to one host. */
export interface Remote extends AsyncDisposable {
  readonly address: string
  /** Who we are there. */
  readonly user: string
  /** The key the host proved to have, as OpenSSH writes it: `ssh-ed25519 AAAA…`. */
  readonly hostKey: string
  run(command: string, options?: RunOptions): Promise<CommandResult>
  /** Lets go of the connection. What still runs on it fails with `connection_lost`. Idempotent. */
  close(): Promise<void>
}
