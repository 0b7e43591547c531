import { Command, CommanderError, Option } from 'commander'
import { ApiError } from '../errors/api-error.ts'
import { ConfigError } from '../config.ts'
import { DatabaseUnavailable } from '../db/db.ts'
import { isDatabaseTrouble } from '../db/dialects/violations.ts'
import { MigrationError } from '../db/migrate.ts'
import { version } from '../version.ts'
import { addAuditCommands } from './audit.ts'
import { addBackupCommands } from './backup.ts'
import { addDatabaseCommands } from './db.ts'
import { Refused } from './refused.ts'
import { addScimCommands } from './scim.ts'
import { addSsoCommands } from './sso.ts'
import { addTenantCommands } from './tenants.ts'
import { addTokenCommands } from './tokens.ts'
import { addUserCommands } from './users.ts'

/** Exit codes: done, failed, wrong use, refused by a rule of the product. */
const exit = { done: 0, failed: 1, wrongUse: 2, refused: 3 } as const

export function buildProgram(): Command {
  const program = new Command('muster-server')
    .description(
      'What the operator of the host does: tenants, tokens, people, the database. Reads the same settings as the server.',
    )
    .version(version)
    .addOption(new Option('--json', 'print one JSON value on standard output').default(false))
    .exitOverride()
    .showHelpAfterError()
  addTenantCommands(program)
  addTokenCommands(program)
  addUserCommands(program)
  addScimCommands(program)
  addSsoCommands(program)
  addDatabaseCommands(program)
  addBackupCommands(program)
  addAuditCommands(program)
  inherit(program)
  return program
}

/** --json may stand at the end, where people put it; errors of every command end in our exit codes. */
function inherit(command: Command): void {
  for (const child of command.commands) {
    child.exitOverride().showHelpAfterError()
    if (child.commands.length === 0)
      child.addOption(new Option('--json', 'print one JSON value on standard output').default(false))
    inherit(child)
  }
}

async function main(): Promise<number> {
  try {
    await buildProgram().parseAsync()
    return exit.done
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exit.done : exit.wrongUse
    if (error instanceof ApiError) {
      process.stderr.write(`muster-server: ${error.message} (${error.code})\n`)
      return error.status === 400 ? exit.wrongUse : exit.refused
    }
    if (error instanceof Refused) {
      process.stderr.write(`muster-server: ${error.message}\n`)
      return exit.refused
    }
    if (error instanceof ConfigError || error instanceof MigrationError || error instanceof DatabaseUnavailable) {
      process.stderr.write(`muster-server: ${error.message}\n`)
      return exit.failed
    }
    if (error instanceof Error && isDatabaseTrouble(error)) {
      process.stderr.write(`muster-server: the database cannot be used now: ${error.message}\n`)
      return exit.failed
    }
    process.stderr.write(`muster-server: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
    return exit.failed
  }
}

process.exitCode = await main()
