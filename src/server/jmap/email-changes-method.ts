import type { JmapMethod } from '#proto/jmap-server';
import { answerChanges } from './changes-call.ts';
import { emailIds } from './ids.ts';
import type { MailContext } from './mail-context.ts';
import { mailUri } from './mail-uri.ts';

/** Email/changes (RFC 8621 §4.3). */
export const emailChanges: JmapMethod<MailContext> = {
  name: 'Email/changes',
  capability: mailUri,
  run: (args, context) =>
    answerChanges(args, context, emailIds, ({ emails }, { since, known }, rows) =>
      emails.changesSince(since, rows, known),
    ),
};
