import { z } from 'zod';
import { mechanismsByStrength, tokenMechanisms } from '#lib/sasl';
import { Secret } from '#lib/secret';
import { blockName } from './block-name.ts';
import { hostName } from './host-name.ts';
import { count, duration, refusalCode, tcpPort } from './units.ts';
import { wording } from './wording.ts';

const port = (standard: number) => tcpPort(`Port. Standard: ${standard}.`).default(standard);

const kind = <K extends string>(name: K) => z.literal(name).meta({ description: 'Says that it is of this kind.' });

const file = (doc: string) => z.string().min(1).meta({ description: doc });

const secret = (doc: string) =>
  z
    .string()
    .min(1)
    .transform((text) => new Secret(text))
    .meta({ description: doc });

const auth = z
  .strictObject({
    user: z.string().min(1).optional().meta({ description: 'Login name; not needed for EXTERNAL.' }),
    password: secret('Password. Better in a file of its own: passwordFile.').optional(),
    passwordFile: file('File whose first line is the password; relative to the folder of this file.').optional(),
    tokenFile: file(
      'File with an OAuth access token, which another program keeps fresh; read again for every connection.',
    ).optional(),
    mechanisms: z
      .array(z.enum([...mechanismsByStrength, ...tokenMechanisms]))
      .min(1)
      .optional()
      .meta({ description: 'SASL mechanisms that may be used. Default: the most secure that the server offers.' }),
  })
  .meta({ description: 'How to log in there.' });

const limits = z
  .strictObject({
    concurrency: count(
      'transmissions',
      'Transmissions at a time, each over a connection of its own. Default: queue.concurrencyPerDestination.',
      { min: 1, max: 1000 },
    ).optional(),
    messagesPerConnection: count(
      'messages',
      'Messages over one connection. Default: 100 to the hosts of domains, to a relay as many as it takes, 10 to Exim.',
      { min: 1 },
    ).optional(),
    messages: count('messages', 'Messages in each time span `per`; what is more waits. Default: no limit.', {
      min: 1,
    }).optional(),
    per: duration('Time span for `messages`.', { min: 1000, max: 86_400_000 }).prefault('1h'),
  })
  .prefault({})
  .meta({ description: 'How much at once, and how fast.' });

const origin = {
  ipv4: z.boolean().default(true).meta({ description: 'Connect to IPv4 addresses.' }),
  ipv6: z.boolean().default(true).meta({ description: 'Connect to IPv6 addresses.' }),
  localAddresses: z.array(z.string().min(1)).default([]).meta({
    description: 'Own IP addresses to connect from, the first of each family that fits. Default: the system chooses.',
  }),
};

const clientCertificate = z
  .strictObject({
    certificateFile: file('PEM file with the certificate and its chain.'),
    keyFile: file('PEM file with the private key.'),
  })
  .optional()
  .meta({ description: 'Our own certificate, shown to the server; for EXTERNAL.' });

const host = hostName('Name or IP address of the server.');

const relay = (standardPort: number) => ({
  host,
  port: port(standardPort),
  auth: auth.optional(),
  clientCertificate,
  caFile: file(
    'PEM file with the certificates to trust for this server in place of those that come with the program; read again for every connection.',
  ).optional(),
  ...origin,
  limits,
});

const startTls = z.enum(['verified', 'unverified', 'opportunistic', 'none']).default('verified').meta({
  description:
    'STARTTLS: required with a certificate that is right, required with any certificate, used when offered, or never.',
});

const submissions = z
  .strictObject({
    kind: kind('submissions'),
    ...relay(465),
    tls: z
      .enum(['verified', 'unverified'])
      .default('verified')
      .meta({ description: 'Whether the certificate must be right.' }),
  })
  .meta({ description: 'To a submission service, TLS from the first byte (RFC 8314).' });

const submission = z
  .strictObject({ kind: kind('submission'), ...relay(587), tls: startTls })
  .meta({ description: 'To a submission service, STARTTLS (RFC 6409).' });

const smtp = z
  .strictObject({ kind: kind('smtp'), ...relay(25), tls: startTls })
  .meta({ description: 'To a smarthost that relays (RFC 5321).' });

const mxTls = z.enum(['opportunistic', 'required', 'verified']).default('opportunistic').meta({
  description:
    'Used when offered (DANE and MTA-STS of the domain always hold), required with any certificate, or required with a right one.',
});

const socks = z
  .strictObject({
    kind: kind('socks'),
    host: hostName('Name or IP address of the SOCKS5 proxy.'),
    port: port(1080),
    user: z.string().min(1).optional().meta({ description: 'User for the proxy.' }),
    password: secret('Password for the proxy, which gets it in clear.').optional(),
    passwordFile: file('File whose first line is the password.').optional(),
    remoteIps: z
      .array(z.string().min(1))
      .default([])
      .meta({ description: 'IP addresses that mail comes from then; SPF must cover them.' }),
    remoteHostname: hostName('Name to introduce ourselves with (EHLO): that of remoteIps.').optional(),
    tls: mxTls,
    limits,
  })
  .meta({ description: 'To the hosts of each domain, through a SOCKS5 proxy that looks their names up (RFC 1928).' });

const direct = z
  .strictObject({
    kind: kind('direct'),
    ...origin,
    hostname: hostName(
      'Name to introduce ourselves with (EHLO): that of localAddresses. Default: the global one.',
    ).optional(),
    tls: mxTls,
    limits,
  })
  .meta({ description: 'To the hosts of each domain, as without a transport, but from other addresses.' });

const fail = z
  .strictObject({
    kind: kind('fail'),
    code: refusalCode('SMTP code: 4xx is tried again, 5xx is final.').default(554),
    text: z
      .string()
      .max(256)
      .regex(/^[ -~]+$/, wording('must be printable ASCII', 'Remove line breaks and letters outside ASCII'))
      .default('mail to this destination is not delivered')
      .meta({ description: 'What the sender is told.' }),
  })
  .meta({ description: 'To nowhere: every attempt fails.' });

const transport = z
  .discriminatedUnion('kind', [submissions, submission, smtp, socks, direct, fail])
  .meta({ description: 'A way for outgoing mail; its kind says which.' });

/** Schema of `transports` in `server.yaml`. */
export const transports = z
  .record(blockName, transport)
  .default({})
  .meta({ description: 'Other ways for outgoing mail than to the hosts of each domain, by name; routes choose them.' });

/** One transport of a checked `server.yaml`. */
export type TransportConfig = z.output<typeof transport>;
/** A transport to one fixed server. */
export type RelayConfig = Extract<TransportConfig, { kind: 'submissions' | 'submission' | 'smtp' }>;
