import { z } from 'zod';
import { duration } from './units.ts';

const hourMs = 3_600_000;

const selector = z
  .strictObject({
    keyFile: z.string().min(1).meta({
      description: 'PEM file with the private key, RSA or ed25519; relative to the folder of this file.',
    }),
    algorithm: z.enum(['rsa-sha256', 'ed25519-sha256']).optional().meta({
      description: 'What the key must be for. Default: whatever the key is.',
    }),
    headers: z.array(z.string().min(1)).min(1).optional().meta({
      description: 'Header fields to sign, From in any case. Default: those that people see and programs act on.',
    }),
    expiration: duration('How long signatures are valid; longer than mail may wait in queues. Default: for ever.', {
      min: hourMs,
      max: 3650 * 24 * hourMs,
    }).optional(),
    dontSealHeaders: z.boolean().default(false).meta({
      description:
        'Let fields such as Subject be added on the way where there are none, without breaking the signature.',
    }),
  })
  .meta({ description: 'A key, by the selector under which DNS has its public half.' });

/** Schema of the DKIM keys and signing of a domain (RFC 6376 §3.1: selectors let keys overlap while they change). */
export const dkim = z
  .strictObject({
    selectors: z.record(z.string().min(1), selector).default({}).meta({ description: 'Keys by selector.' }),
    sign: z
      .array(z.string().min(1))
      .default([])
      .meta({ description: 'Selectors that sign, all of them every message; the others are only kept.' }),
  })
  .prefault({})
  .meta({ description: "DKIM signatures of mail from this domain; 'godwit dkim add' makes keys." });

/** The keys of one domain in a checked configuration. */
export type DkimConfig = z.output<typeof dkim>;
