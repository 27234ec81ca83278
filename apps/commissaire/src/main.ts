/** Starts the program `commissaire`, or does what its subcommand says; each loads only what it needs. */
const [command, ...rest] = process.argv.slice(2)

if (command === 'store') {
  const { storeCommand } = await import('./store/command.ts')
  process.exitCode = await storeCommand(rest)
} else {
  const { program } = await import('./program.ts')
  await program.main()
}
