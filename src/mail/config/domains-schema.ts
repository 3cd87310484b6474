import { z } from 'zod';
import { dkim } from './dkim-schema.ts';
import { routes } from './routes-schema.ts';
import { bytes } from './units.ts';
import { wording } from './wording.ts';

const domain = z
  .strictObject({
    description: z.string().optional().meta({ description: 'A note for people.' }),
    disabled: z.boolean().default(false).meta({ description: 'Refuse mail for and from this domain temporarily.' }),
    localpartSeparators: z.array(z.string().min(1).max(1)).default(['+']).meta({
      description: 'Characters that begin a suffix which is ignored when the address is looked up: user+tag.',
    }),
    localpartCaseSensitive: z.boolean().default(false).meta({ description: 'Whether User and user are different.' }),
    aliases: z
      .record(
        z.string().min(1),
        z
          .strictObject({
            addresses: z.array(z.string().min(3)).min(1).meta({ description: 'Local addresses that get a copy.' }),
            postPublic: z
              .boolean()
              .default(true)
              .meta({ description: 'Anybody may send to it; otherwise members only.' }),
            allowMessageFrom: z.boolean().default(false).meta({ description: 'Members may send as the alias.' }),
          })
          .meta({ description: 'An alias.' }),
      )
      .default({})
      .meta({ description: 'Addresses, by localpart, that reach several accounts.' }),
    dkim,
    routes: routes('mail whose sender is in this domain; those of the account come first'),
  })
  .meta({ description: 'A domain that mail is accepted for.' });

const account = z
  .strictObject({
    fullName: z.string().optional().meta({ description: 'Name of the person.' }),
    addresses: z
      .array(z.string().min(3))
      .default([])
      .meta({ description: 'Addresses of the account; @example.org catches everything else in the domain.' }),
    loginDisabled: z
      .string()
      .max(256)
      .optional()
      .meta({ description: 'When set, logins are refused with this text; mail is still accepted.' }),
    quota: bytes('Most message bytes stored; 0 is unlimited.').prefault(0),
    fromIds: z.boolean().default(false).meta({
      description:
        'Give each submitted message an envelope sender of its own, user+ID@domain, so that what comes back about it is known for sure.',
    }),
    suppressions: z.enum(['automatic', 'manual']).default('automatic').meta({
      description:
        'Who adds to the suppression list, whose addresses this account does not send to: hosts that refuse an address for good and operators, or operators only.',
    }),
    outgoingEvents: z.boolean().default(false).meta({
      description:
        'Keep what becomes of sent mail (delivered, delayed, failed, suppressed) for webhooks: the latest 10,000 events. They are not sent anywhere yet.',
    }),
    routes: routes('mail that this account submits'),
  })
  .meta({ description: 'Somebody who has mailboxes.' });

/** Schema of `domains.yaml`: domains, accounts and addresses. Changes take effect at once. */
export const domainsSchema = z
  .strictObject({
    domains: z.record(z.string().min(1), domain.prefault({})).meta({ description: 'Domains by name.' }),
    accounts: z
      .record(
        z
          .string()
          .regex(
            /^[a-z0-9][a-z0-9._@-]{0,63}$/,
            wording(
              'must be 1 to 64 of a-z, 0-9, ".", "_", "@" and "-", the first a-z or 0-9',
              'Write a name such as alice or alice@example.org, in lower case',
            ),
          ),
        account,
      )
      .meta({ description: 'Accounts by name.' }),
  })
  .meta({ title: 'Godwit domains.yaml', description: 'Domains, accounts and addresses.' });

/** A checked `domains.yaml`. */
export type DomainsConfig = z.output<typeof domainsSchema>;
