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
