import { z } from 'zod';
import { hostName } from './host-name.ts';
import { tcpPort } from './units.ts';
import { wording } from './wording.ts';

const service = (name: string, standardPort: number) =>
  z
    .strictObject({
      port: tcpPort(`Port; 0 lets the system choose. Standard: ${standardPort}.`, { min: 0 }).default(standardPort),
      enabled: z.boolean().default(true).meta({ description: 'Switch the service off without removing its block.' }),
    })
    .meta({ description: name });

const authService = (name: string, standardPort: number) =>
  service(name, standardPort)
    .extend({
      allowPlaintextAuth: z
        .boolean()
        .default(false)
        .meta({ description: 'Accept passwords without TLS. For tests on loopback only.' }),
    })
    .meta({ description: name });

/** Names of the areas that `http` and `https` can serve. */
const httpAreas = ['start', 'well-known', 'web-session', 'jmap'] as const;

const origin = z.string().regex(/^https?:\/\/[a-z0-9.-]+(?::\d{1,5})?$/, {
  message: wording('is not an origin', 'Write it as https://webmail.example.org, without a path'),
});

const httpSettings = {
  areas: z
    .array(z.enum(httpAreas))
    .min(1)
    .default([...httpAreas])
    .meta({
      description:
        'Parts that are served: start (a page that lists the services), well-known (security.txt), web-session (logins of pages), jmap (reading mail, RFC 8620). Default: all.',
    }),
  hosts: z.array(hostName('A name.')).max(100).default([]).meta({
    description: 'Names that clients may use besides the hostname of the listener and the addresses; others get 421.',
  }),
  forwarded: z
    .strictObject({
      from: z.array(z.string()).min(1).max(100).meta({
        description: 'Proxies, such as 192.0.2.7 or 192.0.2.0/24, whose header fields are believed.',
      }),
      header: z.enum(['x-forwarded', 'forwarded']).default('x-forwarded').meta({
        description:
          'Header fields that these proxies set: X-Forwarded-For, -Proto and -Host, or Forwarded (RFC 7239). The others are ignored, as clients may send them.',
      }),
    })
    .optional()
    .meta({ description: 'Proxies that forward requests, and say for which clients. Default: none.' }),
  allowedOrigins: z.array(origin).max(100).default([]).meta({
    description: 'Origins of other sites whose pages may use this server, such as https://webmail.example.org.',
  }),
};

/** Settings of the services that a listener can offer, by their names. */
export const listenerServices = {
  smtp: service('Mail from other servers (RFC 5321).', 25)
    .extend({
      startTls: z
        .boolean()
        .optional()
        .meta({ description: 'Offer STARTTLS, with a certificate. Default: true, but not on a development server.' }),
    })
    .meta({ description: 'Mail from other servers (RFC 5321).' })
    .optional(),
  submission: authService('Mail from users, STARTTLS (RFC 6409).', 587).optional(),
  submissions: service('Mail from users, TLS from the first byte (RFC 8314).', 465).optional(),
  imap: authService('Reading mail, STARTTLS (RFC 9051).', 143).optional(),
  imaps: service('Reading mail, TLS from the first byte (RFC 8314).', 993).optional(),
  http: authService('HTTP without TLS (RFC 9110).', 80)
    .extend(httpSettings)
    .meta({ description: 'HTTP without TLS (RFC 9110).' })
    .optional(),
  https: service('HTTP with TLS (RFC 9110).', 443)
    .extend(httpSettings)
    .meta({ description: 'HTTP with TLS (RFC 9110).' })
    .optional(),
};

/** Name of a service. */
export type ListenerServiceName = keyof typeof listenerServices;

/** Names of the services. */
export const listenerServiceNames = Object.keys(listenerServices) as ListenerServiceName[];

/** Properties of a service on which it depends whether its listener needs a certificate. */
interface ServiceTraits {
  /** TLS begins with the first byte, so that there is no service without a certificate. */
  readonly hasImmediateTls: boolean;
  /** People log in, so that there must be TLS or leave to do without. */
  readonly hasLogins: boolean;
}

/** The traits of each service. */
export const listenerServiceTraits: Readonly<Record<ListenerServiceName, ServiceTraits>> = {
  smtp: { hasImmediateTls: false, hasLogins: false },
  submission: { hasImmediateTls: false, hasLogins: true },
  submissions: { hasImmediateTls: true, hasLogins: true },
  imap: { hasImmediateTls: false, hasLogins: true },
  imaps: { hasImmediateTls: true, hasLogins: true },
  // Passwords are refused without TLS, request by request, but pages without logins are served.
  http: { hasImmediateTls: false, hasLogins: false },
  https: { hasImmediateTls: true, hasLogins: true },
};
