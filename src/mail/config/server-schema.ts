import { z } from 'zod';
import { mechanismsByStrength, usualMechanisms } from '#lib/sasl';
import { routes } from './routes-schema.ts';
import { hostName } from './host-name.ts';
import { transports } from './transports-schema.ts';
import { listenerServices } from './listener-services.ts';
import { queue } from './queue-schema.ts';
import { bytes, count } from './units.ts';
import { blockName } from './block-name.ts';
import { securityTxt } from './security-txt-schema.ts';

const certificate = z
  .strictObject({
    certificateFile: z.string().min(1).meta({ description: 'PEM file with the certificate and its chain.' }),
    keyFile: z.string().min(1).meta({ description: 'PEM file with the private key.' }),
  })
  .meta({ description: 'Certificate of the listener. Without it STARTTLS is not offered.' });

const listener = z
  .strictObject({
    addresses: z
      .array(z.string().min(1))
      .min(1)
      .meta({ description: 'IP addresses to listen on; 0.0.0.0 and "::" are all.' }),
    hostname: hostName('Name in greetings, when it differs from the global hostname.').optional(),
    tls: certificate.optional(),
    proxyProtocolFrom: z.array(z.string()).max(100).default([]).meta({
      description:
        'Proxies such as 192.0.2.7 or 192.0.2.0/24 whose connections begin with a PROXY header (version 1 or 2), on all ports of the listener. Those without one are refused.',
    }),
    maxMessageBytes: bytes('Largest message accepted, before encoding.', { min: 1024, max: 2 ** 31 }).prefault(
      '100MiB',
    ),
    mechanisms: z
      .array(z.enum([...mechanismsByStrength]))
      .min(1)
      .default([...usualMechanisms])
      .meta({
        description:
          'SASL mechanisms offered to users, the most secure first in whatever order they stand here. Default: all but SCRAM-SHA-256-PLUS and ' +
          'SCRAM-SHA-1-PLUS, with which mutt and neomutt of Debian cannot log in. Without PLAIN and LOGIN, the LOGIN command of IMAP is refused too.',
      }),
    ...listenerServices,
  })
  .meta({ description: 'A set of addresses with the services offered there.' });

const limits = z
  .strictObject({
    trustedNetworks: z
      .array(z.string())
      .default([])
      .meta({ description: 'Networks such as 192.0.2.0/24 that connection and rate limits do not apply to.' }),
    maxConnections: count(
      'connections',
      'Connections of all clients and servers that are open at one time; each takes up to 60 KB.',
      { min: 10, max: 100_000 },
    ).default(2000),
  })
  .prefault({})
  .meta({ description: 'Exceptions from the limits on peers.' });

const disk = z
  .strictObject({
    warnBelow: bytes(
      'Free space on the disk with the data below which a warning is logged; on small disks a tenth of them. 0 never warns.',
    ).prefault('1GiB'),
    reserve: bytes('Space kept back so that mail can be deleted on a full disk; on small disks at most half of them.', {
      max: 2 ** 30,
    }).prefault('8MiB'),
  })
  .prefault({})
  .meta({ description: 'The disk with the data directory.' });

const search = z
  .strictObject({
    index: z.boolean().default(true).meta({
      description:
        'Keep an index of the words of all messages, so that searches of their text are fast; it takes about a quarter of their size.',
    }),
  })
  .prefault({})
  .meta({ description: 'How mail is searched.' });

const dns = z
  .strictObject({
    servers: z.array(z.string()).optional().meta({
      description: 'Resolvers as 192.0.2.1, 192.0.2.1:5353, 2001:db8::1 or [2001:db8::1]:5353; default: the system’s.',
    }),
    trustAuthenticData: z
      .boolean()
      .optional()
      .meta({ description: 'Believe DNSSEC authenticity (AD) of these resolvers; default: only those on loopback.' }),
    blockLists: z.array(z.string().min(1)).max(10).default([]).meta({
      description:
        "Block lists of mail servers, such as bl.example.org, in which 'godwit dns check' looks for our addresses.",
    }),
  })
  .prefault({})
  .meta({ description: 'How names are looked up.' });

/** Schema of `server.yaml`: the settings of the process. Changes need a restart. */
export const serverSchema = z
  .strictObject({
    hostname: hostName('Fully qualified name of this machine, as in its MX record.'),
    dataDirectory: z
      .string()
      .default('data')
      .meta({ description: 'Where mail is stored; relative to the folder of this file.' }),
    user: z.string().optional().meta({
      description: 'User to serve as after ports are bound as root (Unix). Default: godwit, when started as root.',
    }),
    log: z
      .strictObject({
        level: z
          .enum(['debug', 'info', 'warn', 'error'])
          .default('info')
          .meta({ description: 'Least important level logged.' }),
        format: z.enum(['text', 'json']).default('text').meta({ description: 'For people or for machines.' }),
      })
      .prefault({})
      .meta({ description: 'What is logged, to standard error.' }),
    postmaster: z.string().min(1).meta({ description: 'Account that gets mail to postmaster.' }),
    pedantic: z.boolean().default(false).meta({
      description:
        'Refuse what the RFCs forbid even where the world is lenient, and messages that well-known receivers refuse. Good for developers.',
    }),
    localserve: z.boolean().default(false).meta({
      description:
        'Development server: mail for any address and with any login is accepted and stays here; nothing is sent to the network.',
    }),
    dns,
    disk,
    search,
    queue,
    limits,
    securityTxt,
    listeners: z.record(blockName, listener).meta({ description: 'Listeners by name.' }),
    transports,
    routes: routes('all mail; those of the account and of the sender’s domain come first'),
  })
  .meta({ title: 'Godwit server.yaml', description: 'What the process needs to start.' });

/** A checked `server.yaml`. */
export type ServerConfig = z.output<typeof serverSchema>;
/** One listener of a checked `server.yaml`. */
export type ListenerConfig = z.output<typeof listener>;
