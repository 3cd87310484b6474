import { z } from 'zod';
import { mechanismsByStrength, tokenMechanisms } from '#lib/sasl';
import { hostName } from './host-name.ts';
import { tcpPort } from './units.ts';

const text = (doc: string) => z.string().min(1).max(1000).optional().meta({ description: doc });

/** Schema of `godwit-sendmail.yaml`: how programs on this machine submit mail to a server. The environment can also give every setting. */
export const sendmailSchema = z
  .strictObject({
    host: hostName('Name or address of the server that takes the mail.').optional(),
    port: tcpPort('Port; default 465 for submissions, 587 for starttls, 25 for none.').optional(),
    tls: z.enum(['submissions', 'starttls', 'none']).optional().meta({
      description:
        'TLS from the first byte (the default), STARTTLS, or none; none for a server on this machine only. The certificate is verified.',
    }),
    caFile: text('PEM file with the certificates to trust in place of those that come with the program.'),
    user: text('Login name; without it nobody logs in.'),
    password: text('Password. Whoever can read this file can read it.'),
    passwordFile: text('File whose first line is the password, in place of password.'),
    tokenFile: text(
      'File with an OAuth access token in place of a password, which another program keeps fresh; read again each time.',
    ),
    certificateFile: text('PEM file with our own certificate and its chain, shown to the server; for EXTERNAL.'),
    keyFile: text('PEM file with the private key of certificateFile.'),
    mechanisms: z
      .array(z.enum([...mechanismsByStrength, ...tokenMechanisms]))
      .min(1)
      .optional()
      .meta({
        description:
          'SASL mechanisms that may be used, of which the most secure is; default: all but EXTERNAL, which needs certificateFile.',
      }),
    from: text('Sender address in place of the names of local users, such as root.'),
    overrideFrom: z
      .boolean()
      .optional()
      .meta({ description: 'Use from in place of complete sender addresses as well; they move to Reply-To.' }),
    defaultDestination: text('Address that gets mail for recipients without a domain, such as root.'),
    defaultDomain: text('Domain for recipients without one, when there is no defaultDestination.'),
    localHostname: hostName('Our name for EHLO; default: that of this machine.').optional(),
    requireTls: z
      .boolean()
      .optional()
      .meta({ description: 'Ask that the message travels with verified TLS all the way (RFC 8689).' }),
    spoolDirectory: text('Folder for messages that could not be sent; default: one of the user’s own.'),
  })
  .meta({ title: 'Godwit godwit-sendmail.yaml', description: 'How godwit sendmail hands over mail.' });

/** A checked `godwit-sendmail.yaml`, before defaults and before the environment. */
export type SendmailConfig = z.output<typeof sendmailSchema>;
