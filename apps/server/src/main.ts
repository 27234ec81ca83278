/** Runs `commissaire-server`. */
import { program } from './program.ts'

await program.main()
