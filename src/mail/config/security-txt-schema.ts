import { z } from 'zod';
import { wording } from './wording.ts';

const uri = (pattern: RegExp, examples: string, doc: string) =>
  z
    .string()
    .max(500)
    .regex(pattern, { message: wording('is not such an address', `Write ${examples}`) })
    .meta({ description: doc });

const https = /^https:\/\/[\x21-\x7e]+$/;

/** Schema of security.txt (RFC 9116), which is served when it is configured. */
export const securityTxt = z
  .strictObject({
    contact: z
      .array(
        uri(
          /^(?:https:\/\/|mailto:[^@]+@|tel:\+)[\x21-\x7e]+$/,
          'mailto:security@example.org, https://example.org/report or tel:+1-201-555-0123',
          'An address.',
        ),
      )
      .min(1)
      .max(10)
      .meta({
        description: 'Where to report vulnerabilities, the best way first: mailto:, https:// or tel: addresses.',
      }),
    policy: uri(https, 'https://example.org/policy', 'Page with the policy for reports.').optional(),
    encryption: uri(https, 'https://example.org/key.asc', 'Page with the key for encrypted reports.').optional(),
    preferredLanguages: z
      .array(z.string().regex(/^[A-Za-z]{2,8}(?:-[A-Za-z\d]{1,8})*$/))
      .max(20)
      .default([])
      .meta({ description: 'Languages of reports, such as en.' }),
  })
  .optional()
  .meta({
    description:
      'What /.well-known/security.txt says to people who find a vulnerability (RFC 9116). Default: there is none.',
  });
