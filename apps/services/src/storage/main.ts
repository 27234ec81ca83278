/** Runs `commissaire-storage-service`. */
import { program } from './program.ts'

await program.main()
