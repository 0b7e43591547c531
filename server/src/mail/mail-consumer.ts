import type { Logger } from 'pino'
import type { Outcome } from '../outbox/dispatcher.ts'
import type { MailSender, Message } from './mail.schema.ts'

interface Options {
  readonly mail: MailSender | null
  readonly log: Logger
  readonly logsMails: boolean
}

/** Sends a message, or holds it while no mail server is set; development mode prints what would be sent. */
export function mailConsumer({ mail, log, logsMails }: Options): (message: Message) => Promise<Outcome> {
  return async (message) => {
    if (mail !== null) return mail.send(message)
    if (logsMails)
      log.info({ to: message.to, subject: message.subject, text: message.text }, 'mail held: no mail server is set')
    return { kind: 'held', reason: 'No mail server is set (SMTP_URL).' }
  }
}
