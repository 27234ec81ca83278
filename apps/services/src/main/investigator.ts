/** Runs `commissaire-investigator-service`. */
import { program } from '../programs/investigator.ts'

await program.main()
