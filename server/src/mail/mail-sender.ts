import { createTransport } from 'nodemailer'

export interface Message {
  /** Stable over retries, so that a receiver can tell a repeat. */
  readonly id: string
  readonly to: string
  readonly subject: string
  readonly text: string
  readonly html: string
}

export type MailOutcome =
  | { readonly kind: 'sent' }
  /** The server refused for good. */
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'again'; readonly reason: string }

export interface MailSender {
  send(message: Message): Promise<MailOutcome>
  close(): void
}

const timeoutMs = 20_000

/** Sends over SMTP; the envelope is written out, because libraries read addresses in different ways (security contract, V-I9). */
export function smtpSender(url: string, from: string): MailSender {
  const transport = createTransport({
    url,
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

/** A 5xx answer is final; everything else, an unknown outcome included, is tried again. */
function failure(error: unknown): MailOutcome {
  const reason = error instanceof Error ? error.message : 'unknown error'
  const code = error instanceof Error && 'responseCode' in error ? error.responseCode : undefined
  return typeof code === 'number' && code >= 500 ? { kind: 'refused', reason } : { kind: 'again', reason }
}
