import { allOf, where, type Filter, type TextCondition } from '#lib/search';
import type { Account } from '#mail/accounts';
import type { Email, EmailView } from '#mail/emails';
import { Evaluator, needleOf } from '#mail/search';
import type { EmailCondition } from './email-condition.ts';
import { EmailSpace, type EmailTest } from './email-space.ts';

/** Emails of the first window in which is searched; each further one is twice as long. */
const firstWindow = 64;
/** The newest emails, among which the first page of a common text is found. */
const newestEmails = 512;

/** Emails that are asked for. */
export interface Wanted {
  /** Null for all. */
  readonly filter: Filter<EmailCondition> | null;
  /** Emails after which the search ends. */
  readonly most: number;
  /** Leave out what is in the thread of an earlier one (RFC 8621 §4.4.3). */
  readonly onlyFirstOfThread: boolean;
}

/**
 * Returns those of some emails that are wanted, in their order, those received last first. Messages are read only where the rest does not decide, and no
 * further than needed.
 */
export async function filtered(
  account: Account,
  view: EmailView,
  emails: readonly Email[],
  { filter, most, onlyFirstOfThread }: Wanted,
): Promise<readonly Email[]> {
  if (filter === null && !onlyFirstOfThread) return most < emails.length ? emails.slice(0, most) : emails;
  const tests = filter === null ? allOf<EmailTest>([]) : testsOf(filter);
  const texts = requiredTexts(tests);
  const threads = new Set<number>();
  const found: Email[] = [];
  // Common texts are among the newest emails; for others the index is asked about all emails at once.
  const split = texts.length > 0 && Number.isFinite(most) ? Math.min(newestEmails, emails.length) : emails.length;
  for (const part of [emails.slice(0, split), emails.slice(split)]) {
    if (part.length === 0 || found.length >= most) continue;
    const some = await narrowed(account, view, part, texts);
    const space = new EmailSpace(account, view, some.emails, some.isNarrowed ? new Set(texts) : new Set());
    const evaluator = new Evaluator(space);
    let size = Number.isFinite(most) ? Math.max(some.isNarrowed ? 1 : firstWindow, most - found.length) : part.length;
    for (let start = 0; start < some.emails.length && found.length < most; start += size / 2) {
      const end = Math.min(some.emails.length, start + size);
      const window = Uint32Array.from({ length: end - start }, (_, i) => start + i);
      for (const at of await evaluator.find(tests, window)) {
        const email = some.emails[at];
        if (email === undefined || found.length >= most) break;
        if (onlyFirstOfThread && threads.has(email.thread)) continue;
        threads.add(email.thread);
        found.push(email);
      }
      size *= 2;
    }
  }
  return found;
}

/** Emails that may match. */
interface Narrowed {
  readonly emails: readonly Email[];
  /** Those that the index rules out are not among them. */
  readonly isNarrowed: boolean;
}

/** Leaves those emails out that the index rules out, because they lack a text that all must have. */
async function narrowed(
  account: Account,
  view: EmailView,
  emails: readonly Email[],
  texts: readonly TextCondition[],
): Promise<Narrowed> {
  if (texts.length === 0) return { emails, isNarrowed: false };
  const isFew = emails.length <= newestEmails;
  let [from, to] = isFew ? [Number.MAX_SAFE_INTEGER, 0] : [0, Number.MAX_SAFE_INTEGER];
  if (isFew)
    for (const { id } of emails) {
      from = Math.min(from, id);
      to = Math.max(to, id);
    }
  const needles = texts.map(({ value }) => needleOf(value));
  const matches = await account.search.candidates(needles, from, to);
  if (matches === null) return { emails, isNarrowed: false };
  const { lastId, ids } = matches;
  if (ids.length > emails.length / fewShare) {
    const isMatch = new Set(ids);
    return { emails: emails.filter(({ id }) => id > lastId || isMatch.has(id)), isNarrowed: true };
  }
  // Few are looked up, which takes less time than going through all.
  const oldest = emails.at(-1);
  const newest = emails[0];
  const known = Array.from(ids, (id) => view.email(id)).filter(
    (email) =>
      email !== null &&
      newest !== undefined &&
      oldest !== undefined &&
      byDate(newest, email) <= 0 &&
      byDate(email, oldest) <= 0,
  ) as Email[];
  const behind = emails.filter(({ id }) => id > lastId);
  return { emails: [...known.filter(({ id }) => id <= lastId), ...behind].sort(byDate), isNarrowed: true };
}

/** The index names one of so many emails at most: then they are looked up. */
const fewShare = 16;

/** The order of views. */
function byDate(a: Email, b: Email): number {
  return b.receivedMs - a.receivedMs || b.id - a.id;
}

/** Returns the texts that every email must have for which a filter is true. */
function requiredTexts(filter: Filter<EmailTest>): readonly TextCondition[] {
  if (filter.kind === 'condition') {
    const { condition } = filter;
    return condition.kind === 'memory' || condition.kind === 'attachment' ? [] : [condition];
  }
  return filter.operator === 'AND' ? filter.filters.flatMap(requiredTexts) : [];
}

/** Returns a filter whose conditions ask one thing each. */
function testsOf(filter: Filter<EmailCondition>): Filter<EmailTest> {
  if (filter.kind === 'operator') return { ...filter, filters: filter.filters.map(testsOf) };
  const { tests, texts, hasAttachment } = filter.condition;
  return allOf<EmailTest>([
    ...tests.map((test) => where<EmailTest>({ kind: 'memory', test })),
    ...(hasAttachment === null ? [] : [where<EmailTest>({ kind: 'attachment', wanted: hasAttachment })]),
    ...texts.map((text) => where<EmailTest>(text)),
  ]);
}
