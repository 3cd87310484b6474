import { MethodError, type JsonObject } from '#lib/jmap';
import type { Filter, TextCondition } from '#lib/search';
import { flattenParts, type Part } from '#lib/mime';
import { markedHtml, markedPreview, rangesOf, searchLimits, shownTexts } from '#mail/search';
import type { JmapMethod } from '#proto/jmap-server';
import { isMessageDamage } from '#server/conditions';
import { readEmailFilter, type EmailCondition } from './email-condition.ts';
import { emailObject } from './email-object.ts';
import { EmailGone, emailReaders, type EmailReader } from './email-reader.ts';
import { emailIds } from './ids.ts';
import { accountOf, type MailContext } from './mail-context.ts';
import { mailUri } from './mail-uri.ts';

/** Bytes of a part that are searched for a snippet, encoded. */
const maxPartBytes = 1024 * 1024;
/** Characters that are searched at a time, and those that a window shares with each of its neighbours. */
const windowChars = 8192;
const sharedChars = 1024;

/** SearchSnippet/get (RFC 8621 §5.1). */
export const searchSnippetGet: JmapMethod<MailContext> = {
  name: 'SearchSnippet/get',
  capability: mailUri,
  run: async (args, context) => {
    const account = accountOf(args, context);
    const filterArgument = args.object('filter', null);
    const filter = filterArgument === null ? null : readEmailFilter(filterArgument, context.limits);
    const ids = [...new Set(args.texts('emailIds'))];
    args.end();
    if (ids.length > context.limits.maxObjectsInGet)
      throw new MethodError('requestTooLarge', `at most ${context.limits.maxObjectsInGet} emails in one call`);
    const wanted = wantedTexts(filter);
    const view = await account.emails.view();
    const emails = ids.map((id) => view.email(emailIds.read(id) ?? 0)).filter((email) => email !== null);
    const readers = await emailReaders(account, emails, { previews: false, descriptions: true });
    const byId = new Map(readers.map((reader) => [emailIds.write(reader.email.id), reader]));
    const list: JsonObject[] = [];
    const notFound: string[] = [];
    for (const id of ids) {
      const reader = byId.get(id);
      const snippet =
        reader === undefined ? null : await snippetOf(reader, wanted, account.loop).catch(nullIfUnreadable);
      if (snippet === null) notFound.push(id);
      else list.push({ emailId: id, ...snippet });
      const pause = account.loop.pause();
      if (pause !== null) await pause;
    }
    return { accountId: context.accountId, list, notFound: notFound.length === 0 ? null : notFound };
  },
};

/** Texts of a filter that are marked. */
interface WantedTexts {
  readonly inSubject: readonly string[];
  readonly inBody: readonly string[];
}

/** Returns the texts that a filter looks for, but those of which there must be none. */
function wantedTexts(filter: Filter<EmailCondition> | null): WantedTexts {
  const texts = filter === null ? [] : positiveTexts(filter);
  const ofSubject = texts.filter((text) => text.kind === 'text' || (text.kind === 'header' && text.name === 'subject'));
  return {
    inSubject: ofSubject.map(({ value }) => value),
    inBody: texts.filter(({ kind }) => kind !== 'header').map(({ value }) => value),
  };
}

function positiveTexts(filter: Filter<EmailCondition>): readonly TextCondition[] {
  if (filter.kind === 'condition') return filter.condition.texts;
  return filter.operator === 'NOT' ? [] : filter.filters.flatMap(positiveTexts);
}

async function snippetOf(
  reader: EmailReader,
  { inSubject, inBody }: WantedTexts,
  loop: MailContext['account']['loop'],
): Promise<JsonObject> {
  return {
    subject: inSubject.length === 0 ? null : await markedSubject(reader, inSubject),
    preview: inBody.length === 0 ? null : await previewOf(reader, inBody, loop),
  };
}

async function markedSubject(reader: EmailReader, texts: readonly string[]): Promise<string | null> {
  const { subject } = await emailObject(reader, subjectOnly);
  if (typeof subject !== 'string') return null;
  const ranges = rangesOf(subject, texts);
  return ranges.length === 0 ? null : markedHtml(subject, ranges);
}

const subjectOnly = {
  properties: ['subject'],
  bodyProperties: [],
  fetchTextBodyValues: false,
  fetchHTMLBodyValues: false,
  fetchAllBodyValues: false,
  maxBodyValueBytes: 0,
};

/** Returns the section of the first part that has one of the texts; null when none has. */
async function previewOf(
  reader: EmailReader,
  texts: readonly string[],
  loop: MailContext['account']['loop'],
): Promise<string | null> {
  const { root } = await reader.description();
  const content = await reader.bytes();
  for (const part of flattenParts(root)) {
    if (part.type !== 'text') continue;
    const body = await content.bytes(part.bodyStart, Math.min(part.end, part.bodyStart + maxPartBytes));
    const found = await previewOfPart(part, body, texts, loop);
    if (found !== null) return found;
  }
  return null;
}

async function previewOfPart(
  part: Part,
  body: Uint8Array,
  texts: readonly string[],
  loop: MailContext['account']['loop'],
): Promise<string | null> {
  for (const text of shownTexts(part, body, searchLimits.fallbackCharset)) {
    const pause = loop.pause();
    if (pause !== null) await pause;
    if (text === null) continue;
    const found = await previewOfText(text.toWellFormed(), texts, loop);
    if (found !== null) return found;
  }
  return null;
}

/** Looks for the texts in windows that overlap: folding letters with their places is work. */
async function previewOfText(
  text: string,
  texts: readonly string[],
  loop: MailContext['account']['loop'],
): Promise<string | null> {
  for (let at = 0; at < text.length; at += windowChars) {
    const window = text.slice(Math.max(0, at - sharedChars), at + windowChars + sharedChars);
    const ranges = rangesOf(window, texts);
    if (ranges.length > 0) return markedPreview(window, ranges);
    const pause = loop.pause();
    if (pause !== null) await pause;
  }
  return null;
}

/** An email that is gone or damaged is not found. */
function nullIfUnreadable(error: unknown): null {
  if (error instanceof EmailGone || isMessageDamage(error)) return null;
  throw error;
}
