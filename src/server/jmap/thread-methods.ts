import { MethodError } from '#lib/jmap';
import type { JmapMethod } from '#proto/jmap-server';
import { answerChanges } from './changes-call.ts';
import { emailIds, threadIds } from './ids.ts';
import { accountOf, getResponse, idsOf, picked, propertiesOf, writeState, type MailContext } from './mail-context.ts';
import { mailUri } from './mail-uri.ts';

const propertyNames = ['id', 'emailIds'];

/** Thread/get (RFC 8621 §3.1). */
export const threadGet: JmapMethod<MailContext> = {
  name: 'Thread/get',
  capability: mailUri,
  run: async (args, context) => {
    const account = accountOf(args, context);
    const ids = idsOf(args, context);
    const properties = propertiesOf(args, (name) => propertyNames.includes(name), propertyNames);
    args.end();
    if (ids === null) throw new MethodError('requestTooLarge', 'ids are needed: there may be any number of threads');
    const view = await account.emails.view();
    const found = ids.map((id) => ({ id, emails: view.thread(threadIds.read(id) ?? 0) }));
    const list = found
      .filter(({ emails }) => emails.length > 0)
      .map(({ id, emails }) => picked({ id, emailIds: emails.map((email) => emailIds.write(email.id)) }, properties));
    const notFound = found.filter(({ emails }) => emails.length === 0).map(({ id }) => id);
    return getResponse(context, writeState(view.modSeq), list, notFound);
  },
};

/** Thread/changes (RFC 8621 §3.2). */
export const threadChanges: JmapMethod<MailContext> = {
  name: 'Thread/changes',
  capability: mailUri,
  run: (args, context) =>
    answerChanges(args, context, threadIds, ({ emails }, { since, known }, rows) =>
      emails.threadChangesSince(since, rows, known),
    ),
};
