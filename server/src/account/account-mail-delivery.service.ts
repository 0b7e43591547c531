import { systemActor } from '../access/actor.ts'
import type { Ctx } from '../access/ctx.ts'
import { inTransaction } from '../access/in-transaction.ts'
import type { Db } from '../db/db.ts'
import { ApiError } from '../errors/api-error.ts'
import { html } from '../http/html.ts'
import type { Limits } from '../limits/limits.ts'
import type { Message } from '../mail/mail.schema.ts'
import type { Outcome } from '../outbox/dispatcher.ts'
import type { ClaimedItem } from '../outbox/outbox.ts'
import { issueSingleUseToken, readSingleUseToken } from '../single-use-tokens/single-use-tokens.service.ts'
import { findTenantById } from '../tenants/tenants.service.ts'
import type { AccountMail } from './account-mail.service.ts'
import { findResettable } from './resettable.service.ts'

interface Options {
  readonly db: Db
  readonly clock: () => Date
  readonly limits: Limits
  readonly baseUrl: (tenantId: string) => Promise<string>
  readonly send: (message: Message) => Promise<Outcome>
}

type Text = Pick<Message, 'subject' | 'text' | 'html'>

/**
 * Mails the link for a new password, where somebody has the name that was typed. The link is made here and not at
 * the request, so that no request tells by its work who exists, and no outbox holds a way in.
 */
export function deliverPasswordResets(options: Options): (item: ClaimedItem) => Promise<Outcome> {
  return async (item) => {
    const ctx = systemCtx(options, item)
    const user = await findResettable(ctx, item.subjectId)
    if (user === undefined) return { kind: 'discarded', reason: 'nobody who has this name may set a password' }
    const { token } = await inTransaction(ctx, (ctx) =>
      issueSingleUseToken(ctx, 'password_reset', { userId: user.id, address: user.email, data: {} }),
    )
    const link = `${await options.baseUrl(item.tenantId)}/auth/reset-password?token=${token}`
    const text = withLink({
      subject: `A new password for ${await nameOf(options.db, item.tenantId)}`,
      opening: `Somebody, probably you, asked for a new password for ${user.username}.`,
      link,
      action: 'Choose a new password',
      closing: 'The link works once, for 30 minutes. If it was not you, you need not do anything.',
    })
    return options.send({ id: item.id, to: user.email, ...text })
  }
}

/** Sends what an account's own changes promised, unless the link in it is worth nothing any more. */
export function deliverAccountMails(options: Options): (item: ClaimedItem) => Promise<Outcome> {
  return async (item) => {
    const mail = item.payload as unknown as AccountMail // written by promiseAccountMail alone
    const ctx = systemCtx(options, item)
    if (!(await isCurrent(ctx, mail))) return { kind: 'discarded', reason: 'the link in it was replaced or used' }
    const workspace = await nameOf(options.db, item.tenantId)
    return options.send({ id: item.id, to: mail.to, ...write(mail, workspace, await options.baseUrl(item.tenantId)) })
  }
}

function systemCtx({ db, clock, limits }: Options, item: ClaimedItem): Ctx {
  return {
    db: db.forTenant(item.tenantId),
    tenantId: item.tenantId,
    actor: systemActor,
    now: clock(),
    requestId: item.id,
    limits,
    origin: { address: '', userAgent: '', door: 'system' },
  }
}

async function isCurrent(ctx: Ctx, mail: AccountMail): Promise<boolean> {
  const purpose =
    mail.about === 'confirm_email' ? 'email_confirm' : mail.about === 'email_change' ? 'email_revert' : null
  if (purpose === null || !('secret' in mail)) return true
  try {
    await readSingleUseToken(ctx, purpose, mail.secret?.token ?? '')
    return true
  } catch (error) {
    if (error instanceof ApiError && error.code === 'invalid_link') return false
    throw error
  }
}

async function nameOf(db: Db, tenantId: string): Promise<string> {
  return (await findTenantById(db, tenantId))?.name ?? 'Muster'
}

function write(mail: AccountMail, workspace: string, base: string): Text {
  switch (mail.about) {
    case 'confirm_email':
      return withLink({
        subject: `Confirm your new address for ${workspace}`,
        opening: `This address is to become the one you sign in to ${workspace} with. The old one counts until you confirm.`,
        link: `${base}/auth/confirm-email?token=${mail.secret?.token ?? ''}`,
        action: 'Confirm this address',
        closing: 'The link works once, for 24 hours. If this was not you, you need not do anything.',
      })
    case 'email_change':
      return withLink({
        subject: `Your address for ${workspace} is to change`,
        opening: `Your address for ${workspace} is to become ${mail.newEmail}. If that was you, you need not do anything.`,
        link: `${base}/auth/undo-email?token=${mail.secret?.token ?? ''}`,
        action: 'That was not me: keep this address',
        closing: 'For seven days the link takes the change back, signs you out everywhere and asks for a new password.',
      })
    case 'email_changed_by_idp':
      return plain({
        subject: `Your address for ${workspace} has changed`,
        opening: `Your identity provider has changed the address of your account for ${workspace}; it is no longer this one. If that surprises you, ask an admin.`,
      })
    case 'password_changed':
      return plain({
        subject: `Your password for ${workspace} has changed`,
        opening: `The password of your account for ${workspace} has been changed. If that was not you, ask for a new one at ${base}/auth/forgot-password and tell an admin.`,
      })
  }
}

function plain({ subject, opening }: { readonly subject: string; readonly opening: string }): Text {
  return { subject: oneLine(subject), text: `${opening}\n`, html: html`<p>${opening}</p>`.text }
}

interface LinkText {
  readonly subject: string
  readonly opening: string
  readonly link: string
  readonly action: string
  readonly closing: string
}

function withLink({ subject, opening, link, action, closing }: LinkText): Text {
  return {
    subject: oneLine(subject),
    text: `${opening}\n\n${action}:\n${link}\n\n${closing}\n`,
    html: html`<p>${opening}</p>
      <p><a href="${link}">${action}</a></p>
      <p>${closing}</p>`.text,
  }
}

function oneLine(text: string): string {
  return text.replaceAll(/[\r\n]+/g, ' ')
}
