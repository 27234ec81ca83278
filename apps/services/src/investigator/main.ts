/** Runs `commissaire-investigator-service`. */
import { program } from './program.ts'

await program.main()
