import { isJsonObject, MethodError, type JsonObject, type JsonValue } from '#lib/jmap';
import { writeStory, type Story } from '#mail/story';
import type { JmapMethod } from '#proto/jmap-server';
import type { Capability } from './capability.ts';
import { emailIds } from './ids.ts';
import { accountOf, idsOf, type MailContext } from './mail-context.ts';

/** Emails in one call: rows of the account and of the queue are searched for each. */
const maxEmails = 50;
/** Submissions with the Message-ID of one email. */
const maxSubmissions = 10;

const uri = 'urn:x-godwit:params:jmap:why';

/** Announces `Email/why`; a capability of ours (RFC 8620 §2 leaves room for those of vendors). */
export const whyCapability: Capability = {
  uri,
  ofServer: () => ({}),
  ofAccount: () => ({ maxEmails }),
};

/** Email/why: how emails came, and what became of those that the account sent, with what was said in each attempt (docs/jmap.md). */
export const emailWhy: JmapMethod<MailContext> = {
  name: 'Email/why',
  capability: uri,
  run: async (args, context) => {
    const account = accountOf(args, context);
    const ids = idsOf(args, context);
    args.end();
    if (ids === null) throw new MethodError('requestTooLarge', 'ids are needed: there may be any number of emails');
    if (ids.length > maxEmails) throw new MethodError('requestTooLarge', `at most ${maxEmails} emails in one call`);
    const view = await account.emails.view();
    const list: JsonObject[] = [];
    const notFound: string[] = [];
    for (const id of ids) {
      const email = view.email(emailIds.read(id) ?? 0);
      const stories = email === null ? [] : await context.stories.ofEmail(account, email.id, maxSubmissions);
      if (stories.length === 0) notFound.push(id);
      else list.push({ id, text: textOf(stories, context), stories: stories.map(storyJson) });
    }
    return { accountId: context.accountId, list, notFound };
  },
};

function textOf(stories: readonly Story[], { clock }: MailContext): string {
  const utc = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
  return stories.map((story) => writeStory(story, utc, clock.now()).join('\n')).join('\n\n');
}

/** A story is made of plain data; what is absent has no member in JSON. */
function storyJson(story: Story): JsonObject {
  const json = JSON.parse(JSON.stringify(story)) as JsonValue;
  if (!isJsonObject(json)) throw new Error('a story is an object');
  return json;
}
