/** Runs `commissaire-watcher-service`. */
import { program } from './program.ts'

await program.main()
