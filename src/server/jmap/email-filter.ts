import { allOf, where, type Filter } from '#lib/search';
import type { Account } from '#mail/accounts';
import type { Email, EmailView } from '#mail/emails';
import { Evaluator } from '#mail/search';
import type { EmailCondition } from './email-condition.ts';
import { EmailSpace, type EmailTest } from './email-space.ts';

/** Emails of the first window in which is searched; each further one is twice as long. */
const firstWindow = 64;

/** Emails that are asked for. */
export interface Wanted {
  /** Null for all. */
  readonly filter: Filter<EmailCondition> | null;
  /** Emails after which the search ends. */
  readonly most: number;
  /** Leave out what is in the thread of an earlier one (RFC 8621 §4.4.3). */
  readonly onlyFirstOfThread: boolean;
}

/** Returns those of some emails that are wanted, in their order. Messages are read only where the rest does not decide, and no further than needed. */
export async function filtered(
  account: Account,
  view: EmailView,
  emails: readonly Email[],
  { filter, most, onlyFirstOfThread }: Wanted,
): Promise<readonly Email[]> {
  if (filter === null && !onlyFirstOfThread) return most < emails.length ? emails.slice(0, most) : emails;
  const evaluator = new Evaluator(new EmailSpace(account, view, emails));
  const tests = filter === null ? allOf<EmailTest>([]) : testsOf(filter);
  const threads = new Set<number>();
  const found: Email[] = [];
  let size = Number.isFinite(most) ? Math.max(firstWindow, most) : emails.length;
  for (let start = 0; start < emails.length && found.length < most; start += size / 2) {
    const end = Math.min(emails.length, start + size);
    const window = Uint32Array.from({ length: end - start }, (_, i) => start + i);
    for (const at of await evaluator.find(tests, window)) {
      const email = emails[at];
      if (email === undefined || found.length >= most) break;
      if (onlyFirstOfThread && threads.has(email.thread)) continue;
      threads.add(email.thread);
      found.push(email);
    }
    size *= 2;
  }
  return found;
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
