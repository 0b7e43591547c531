import type { Command } from 'commander'
import type { Ctx } from '../access/ctx.ts'
import { readConfig, type Config, type Secrets } from '../config.ts'
import type { Db } from '../db/db.ts'
import { databaseLocation, openDatabase, prepareDatabase, type DatabaseLocation } from '../db/open.ts'
import { ApiError } from '../errors/api-error.ts'
import { findTenantBySlug } from '../tenants/tenants.service.ts'
import type { Tenant } from '../tenants/tenants.schema.ts'
import { operatorCtx } from './operator.ts'

export interface Environment {
  readonly config: Config
  readonly secrets: Secrets
  readonly location: DatabaseLocation
}

export function readEnvironment(): Environment {
  const { config, secrets } = readConfig(process.env)
  return { config, secrets, location: databaseLocation(config.dataDir, secrets) }
}

/** Opens the database, brought up to date, for one command. It may run beside the server. */
export async function withDatabase<T>(work: (db: Db, environment: Environment) => Promise<T>): Promise<T> {
  const environment = readEnvironment()
  await prepareDatabase(environment.location)
  const db = openDatabase(environment.location, environment.config.limits)
  try {
    return await work(db, environment)
  } finally {
    await db.engine.close()
  }
}

/** Runs work as the operator on one tenant, named by its slug. @throws invalid_request */
export async function withTenant<T>(
  slug: string,
  work: (ctx: Ctx, tenant: Tenant, environment: Environment) => Promise<T>,
): Promise<T> {
  return withDatabase(async (db, environment) => {
    const tenant = await findTenantBySlug(db, slug)
    if (tenant === undefined) {
      throw new ApiError('invalid_request', {
        detail: `There is no tenant "${slug}"; muster-server tenants list shows all.`,
      })
    }
    return work(operatorCtx(db, tenant.id), tenant, environment)
  })
}

/** Prints one JSON value with --json, else lines for people. Data alone goes to standard output. */
export function print(command: Command, value: unknown, lines: readonly string[]): void {
  const wantsJson = command.optsWithGlobals()['json'] === true || command.opts()['json'] === true
  process.stdout.write(wantsJson ? `${JSON.stringify(value)}\n` : lines.map((line) => `${line}\n`).join(''))
}
