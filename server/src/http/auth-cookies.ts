import type { FastifyReply, FastifyRequest } from 'fastify'

/** What a browser keeps under /auth: who is signed in, how far a sign-in has come, and which browser it is. */
export type AuthCookie = 'session' | 'pending' | 'device'

const names: Readonly<Record<AuthCookie, string>> = {
  session: 'muster',
  pending: 'muster-pending',
  device: 'muster-device',
}

const deviceSeconds = 365 * 86_400

export interface AuthCookies {
  read(request: FastifyRequest, which: AuthCookie): string
  set(reply: FastifyReply, which: AuthCookie, value: string): void
  clear(reply: FastifyReply, which: AuthCookie): void
}

/**
 * The cookies of sign-in. Over https their names begin with `__Host-`, so that no other host can set or read them.
 * Plain http is for loopback alone (`config.ts` refuses it elsewhere); some browsers keep no Secure cookie there,
 * so the prefix is left out with the flag.
 */
export function authCookies(isSecure: boolean): AuthCookies {
  const options = { path: '/', httpOnly: true, sameSite: 'lax', secure: isSecure } as const
  const nameOf = (which: AuthCookie) => `${isSecure ? '__Host-' : ''}${names[which]}`
  return {
    read: (request, which) => request.cookies[nameOf(which)] ?? '',
    set: (reply, which, value) =>
      void reply.setCookie(nameOf(which), value, {
        ...options,
        ...(which === 'device' ? { maxAge: deviceSeconds } : {}),
      }),
    clear: (reply, which) => void reply.clearCookie(nameOf(which), options),
  }
}
