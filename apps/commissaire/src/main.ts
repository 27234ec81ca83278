/** Starts the program `commissaire`. */
import { program } from './program.ts'

await program.main()
