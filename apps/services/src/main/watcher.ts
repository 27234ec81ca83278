/** Runs `commissaire-watcher-service`. */
import { program } from '../programs/watcher.ts'

await program.main()
