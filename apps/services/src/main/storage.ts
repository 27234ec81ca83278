/** Runs `commissaire-storage-service`. */
import { program } from '../programs/storage.ts'

await program.main()
