/** What `commissaire store --help` says. */

/** Of all subcommands. */
export const storeHelp = `Usage: commissaire store copy [options] FROM TO

Moves all that Commissaire keeps from one store to another.
See: commissaire store copy --help
`

/** Of `store copy`. */
export const copyHelp = `Usage: commissaire store copy [options] FROM TO

Copies every model from one store to another, reads them again, and prints a digest for both sides.
Stop the services that use the two stores first.

FROM and TO are each one of:
  /var/lib/commissaire            a data folder: commissaire.db, and sealing.key or vault.key
  backup.db                       an SQLite file; its key file is looked for beside it
  http://127.0.0.1:2379           etcd, several servers with commas
  /etc/commissaire/storage.conf   whatever a storage service's configuration says, say etcd with certificates

Options:
  --merge          copy into a store that has models: those that both have become as in FROM, the rest stays
  --from-key FILE  the key file of FROM
  --to-key FILE    the key file of TO; without it, TO's own or, where that is etcd, FROM's
  -h, --help       show this

Secrets are opened with the keys of FROM and sealed with those of TO.
Exit status: 0 when all is there and the digests agree, 1 when not, 2 for a wrong command line.

Examples:
  commissaire store copy /var/lib/commissaire http://127.0.0.1:2379
  commissaire store copy /var/lib/commissaire /etc/commissaire/storage.conf
  commissaire store copy http://127.0.0.1:2379 backup.db --from-key /var/lib/commissaire/vault.key
`
