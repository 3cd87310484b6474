import { conditionsOf, isMatch, type Filter } from '#lib/jmap';
import type { Account } from '#mail/accounts';
import type { Email, EmailView } from '#mail/emails';
import { searchLimits, TextMatcher, type TextKey } from '#mail/search';
import { bodyListsOf, bodyStructureOf, hasAttachment } from './body-parts.ts';
import type { EmailCondition } from './email-condition.ts';
import { EmailGone, EmailReader } from './email-reader.ts';

/** Emails between two questions to the loop. */
const pieceEmails = 256;

/** Emails that are asked for. */
export interface Wanted {
  /** Null for all. */
  readonly filter: Filter<EmailCondition> | null;
  /** Emails after which the search ends. */
  readonly most: number;
  /** Leave out what is in the thread of an earlier one (RFC 8621 §4.4.3). */
  readonly onlyFirstOfThread: boolean;
}

/** Returns those of some emails that are wanted, in their order. Messages are read only where the rest does not decide. */
export async function filtered(
  account: Account,
  view: EmailView,
  emails: readonly Email[],
  { filter, most, onlyFirstOfThread }: Wanted,
): Promise<readonly Email[]> {
  const contents = filter === null ? null : new ContentTests(account, filter);
  const threads = new Set<number>();
  const found: Email[] = [];
  for (const [i, email] of emails.entries()) {
    if (found.length >= most) break;
    if (onlyFirstOfThread && threads.has(email.thread)) continue;
    const known = filter === null || isMatch(filter, (condition) => fromMemory(condition, email, view));
    if (known ?? (await contents?.isMatch(email, view)) === true) {
      found.push(email);
      if (onlyFirstOfThread) threads.add(email.thread);
    }
    if (known !== null && i % pieceEmails !== 0) continue;
    const pause = account.loop.pause();
    if (pause !== null) await pause;
  }
  return found;
}

/** True or false when what is in memory decides, else null. */
function fromMemory(
  { tests, texts, hasAttachment: wanted }: EmailCondition,
  email: Email,
  view: EmailView,
): boolean | null {
  if (!tests.every((test) => test(email, view))) return false;
  return texts.length === 0 && wanted === null ? true : null;
}

/** Looks into messages for the texts of a filter. */
class ContentTests {
  readonly #account: Account;
  readonly #filter: Filter<EmailCondition>;
  readonly #keys: readonly TextKey[];
  readonly #matcher: TextMatcher;
  readonly #needsAttachments: boolean;

  constructor(account: Account, filter: Filter<EmailCondition>) {
    this.#account = account;
    this.#filter = filter;
    const conditions = [...conditionsOf(filter)];
    this.#keys = conditions.flatMap(({ texts }) => texts);
    this.#matcher = new TextMatcher(this.#keys, account.loop);
    this.#needsAttachments = conditions.some((condition) => condition.hasAttachment !== null);
  }

  /** Reports whether the filter is true for an email; one that is gone meanwhile does not match. */
  async isMatch(email: Email, view: EmailView): Promise<boolean> {
    try {
      const reader = new EmailReader(this.#account, email);
      const { root } = this.#needsAttachments || this.#matcher.needsBody ? await reader.description() : { root: null };
      const isAttached = root !== null && this.#needsAttachments && hasAttachment(bodyListsOf(bodyStructureOf(root)));
      const found = this.#keys.length === 0 ? [] : await this.#matches(reader, root);
      const matches = new Map(this.#keys.map((key, i) => [key, found[i] === true]));
      const isTrue = ({ tests, texts, hasAttachment: wanted }: EmailCondition): boolean =>
        tests.every((test) => test(email, view)) &&
        texts.every((key) => matches.get(key) === true) &&
        (wanted === null || wanted === isAttached);
      return isMatch(this.#filter, isTrue) === true;
    } catch (error) {
      if (error instanceof EmailGone) return false;
      throw error;
    }
  }

  async #matches(
    reader: EmailReader,
    root: Awaited<ReturnType<EmailReader['description']>>['root'] | null,
  ): Promise<readonly boolean[]> {
    const bytes = await reader.bytes();
    const headerBytes = Math.min(await reader.headerSize(), searchLimits.maxHeaderBytes);
    return await this.#matcher.match({
      header: await bytes.bytes(0, headerBytes),
      root,
      bytes: (start, end) => bytes.bytes(start, end),
    });
  }
}
