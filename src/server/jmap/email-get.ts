import { jsonSize, MethodError, type JsonObject } from '#lib/jmap';
import type { JmapMethod } from '#proto/jmap-server';
import { isMessageDamage } from '#server/conditions';
import { emailArgumentsOf } from './email-arguments.ts';
import { defaultProperties, emailObject, isEmailProperty, needsDescription } from './email-object.ts';
import { EmailGone, emailReaders } from './email-reader.ts';
import { emailIds } from './ids.ts';
import { accountOf, getResponse, idsOf, propertiesOf, writeState, type MailContext } from './mail-context.ts';
import { mailUri } from './mail-uri.ts';

/** Email/get (RFC 8621 §4.2). */
export const emailGet: JmapMethod<MailContext> = {
  name: 'Email/get',
  capability: mailUri,
  run: async (args, context) => {
    const account = accountOf(args, context);
    const ids = idsOf(args, context);
    const wanted = emailArgumentsOf(args, propertiesOf(args, isEmailProperty, defaultProperties));
    const { properties } = wanted;
    args.end();
    if (ids === null) throw new MethodError('requestTooLarge', 'ids are needed: there may be any number of emails');
    const view = await account.emails.view();
    const known = ids.map((id) => view.email(emailIds.read(id) ?? 0));
    const readers = await emailReaders(
      account,
      known.filter((email) => email !== null),
      { previews: properties.includes('preview'), descriptions: properties.some(needsDescription) },
    );
    const byId = new Map(readers.map((reader) => [emailIds.write(reader.email.id), reader]));
    const list: JsonObject[] = [];
    const notFound: string[] = [];
    let leftChars = context.limits.maxResponseChars;
    for (const id of ids) {
      const reader = byId.get(id);
      const object = reader === undefined ? null : await emailObject(reader, wanted).catch(nullIfUnreadable);
      if (object === null) notFound.push(id);
      else {
        list.push(object);
        leftChars -= jsonSize(object, leftChars);
        if (leftChars < 0)
          throw new MethodError('requestTooLarge', 'the emails are too long for one response: ask for fewer at once');
      }
      const pause = account.loop.pause();
      if (pause !== null) await pause;
    }
    const made = readers.flatMap(({ email, madePreview }) =>
      madePreview === null ? [] : [[email.id, madePreview] as const],
    );
    await account.reader.keepPreviews(new Map(made));
    return getResponse(context, writeState(view.modSeq), list, notFound);
  },
};

/**
 * An email that was moved or destroyed since the view was made is looked up again by the client, with the changes that follow. One whose stored
 * bytes are damaged is not found, so that the others are answered; the condition was recorded where it was found.
 */
function nullIfUnreadable(error: unknown): null {
  if (error instanceof EmailGone || isMessageDamage(error)) return null;
  throw error;
}
