import { pino } from 'pino'
import type { TestApp } from '../../../test/start-test-app.ts'
import { deliverInvitations } from '../../invitations/invitation-delivery.service.ts'
import { invitationMail } from '../../invitations/invitation-mail.ts'
import { Dispatcher } from '../../outbox/dispatcher.ts'
import { mailConsumer } from '../mail-consumer.ts'
import { smtpSender } from '../mail-sender.ts'

/** A second node's worker on the database of the app, wired as in app.ts; without an address no mail server is set. */
export function smtpDispatcher(t: TestApp, smtpUrl: string | null): Dispatcher & AsyncDisposable {
  const mail = smtpUrl === null ? null : smtpSender(smtpUrl, 'Muster <muster@localhost>')
  const log = pino({ level: 'silent' })
  const send = mailConsumer({ mail, log, logsMails: false })
  const clock = () => t.clock.now()
  const linkTo = async (_tenantId: string, token: string) =>
    `https://acme.example.com/auth/accept-invite?token=${token}`
  const dispatcher = new Dispatcher({
    db: t.serverDb,
    clock,
    onError: (error) => log.error({ err: error }),
    consumers: { [invitationMail]: deliverInvitations({ db: t.serverDb, clock, linkTo, send }) },
  })
  return Object.assign(dispatcher, {
    async [Symbol.asyncDispose]() {
      await dispatcher.stop()
      mail?.close()
    },
  })
}
