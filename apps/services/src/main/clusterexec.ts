/** Runs `commissaire-clusterexec-service`. */
import { program } from '../programs/clusterexec.ts'

await program.main()
