import { createTransport } from 'nodemailer'
import type { MailOutcome, MailSender } from './mail.schema.ts'
import { isLoopback } from '../config.ts'

const timeoutMs = 20_000

/**
 * Sends over SMTP; the envelope is written out, because libraries read addresses in different ways (security contract, V-I9).
 * The connection is encrypted, or there is none: mails carry links that let people in. Servers on this machine may do without,
 * others only where the address says so by name, `?requireTLS=false`.
 */
export function smtpSender(url: string, from: string): MailSender {
  const transport = createTransport({
    url,
    requireTLS: !isLoopback(new URL(url).hostname),
    pool: true,
    maxConnections: 4,
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  const sender = addressOf(from)
  return {
    async send({ id, to, subject, text, html }) {
      try {
        await transport.sendMail({
          envelope: { from: sender, to: [to] },
          from,
          to: { name: '', address: to },
          messageId: `<${id}@muster>`,
          subject,
          text,
          html,
          headers: { 'Auto-Submitted': 'auto-generated' },
        })
        return { kind: 'sent' }
      } catch (error) {
        return failure(error)
      }
    },
    close: () => transport.close(),
  }
}

/** `Name <address>` or a bare address. */
function addressOf(from: string): string {
  return /<([^<>]+)>\s*$/.exec(from)?.[1] ?? from.trim()
}

/** Errors that are about the mail; the others are about the way to the server: a wrong password must not fail every mail for good. */
const aboutTheMail = new Set(['EENVELOPE', 'EMESSAGE'])

/** A 5xx answer to the mail is final; everything else, an unknown outcome included, is tried again. */
function failure(error: unknown): MailOutcome {
  if (!(error instanceof Error)) return { kind: 'again', reason: 'unknown error' }
  const status = 'responseCode' in error ? error.responseCode : undefined
  const code = 'code' in error ? error.code : undefined
  const isFinal = typeof status === 'number' && status >= 500 && typeof code === 'string' && aboutTheMail.has(code)
  return { kind: isFinal ? 'refused' : 'again', reason: error.message }
}
