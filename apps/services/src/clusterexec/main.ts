/** Runs `commissaire-clusterexec-service`. */
import { program } from './program.ts'

await program.main()
