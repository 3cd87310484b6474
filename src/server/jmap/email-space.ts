import type { MailboxId } from '#lib/ids';
import type { TextCondition } from '#lib/search';
import type { Account } from '#mail/accounts';
import type { Email, EmailView } from '#mail/emails';
import { accountSource, Cost, matchText, needleOf, type SearchSpace } from '#mail/search';
import { isMessageDamage } from '#server/conditions';
import { bodyListsOf, bodyStructureOf, hasAttachment } from './body-parts.ts';
import { EmailGone, emailReaders, type EmailReader } from './email-reader.ts';

/** A condition on an email. */
export type EmailTest =
  | TextCondition
  | { readonly kind: 'memory'; readonly test: (email: Email, view: EmailView) => boolean }
  | { readonly kind: 'attachment'; readonly wanted: boolean };

/** Emails between two questions to the loop. */
const pieceEmails = 256;
/** Emails whose descriptions are read at a time. */
const batchEmails = 64;
/** For so few the index is asked about no others. */
const fewEmails = 64;

type Matches = Awaited<ReturnType<Account['search']['candidates']>>;

/** Emails in an order, by their positions in it. */
export class EmailSpace implements SearchSpace<EmailTest> {
  readonly loop: Account['loop'];
  readonly unknown = new Map<number, unknown>();
  readonly #account: Account;
  readonly #view: EmailView;
  readonly #emails: readonly Email[];
  /** Answers of the index about all emails, by the texts. */
  readonly #matches = new Map<string, Matches>();

  constructor(account: Account, view: EmailView, emails: readonly Email[]) {
    this.loop = account.loop;
    this.#account = account;
    this.#view = view;
    this.#emails = emails;
  }

  cost({ kind }: EmailTest): Cost {
    if (kind === 'memory') return Cost.Memory;
    if (kind === 'attachment') return Cost.Rows;
    return kind === 'header' ? Cost.Fields : Cost.Bodies;
  }

  async find(tests: readonly EmailTest[], candidates: Uint32Array): Promise<Uint32Array> {
    let left = candidates;
    const texts: TextCondition[] = [];
    for (const one of tests) {
      if (one.kind === 'memory') left = await this.#withTest(one.test, left);
      else if (one.kind === 'attachment') left = await this.#withAttachment(one.wanted, left);
      else texts.push(one);
    }
    return texts.length === 0 || left.length === 0 ? left : await this.#withTexts(texts, left);
  }

  async #withTest(test: (email: Email, view: EmailView) => boolean, candidates: Uint32Array): Promise<Uint32Array> {
    const found: number[] = [];
    for (const [i, at] of candidates.entries()) {
      const email = this.#emails[at];
      if (email !== undefined && test(email, this.#view)) found.push(at);
      if (i % pieceEmails !== pieceEmails - 1) continue;
      const pause = this.loop.pause();
      if (pause !== null) await pause;
    }
    return Uint32Array.from(found);
  }

  async #withAttachment(wanted: boolean, candidates: Uint32Array): Promise<Uint32Array> {
    const found: number[] = [];
    for (let start = 0; start < candidates.length; start += batchEmails) {
      const batch = candidates.subarray(start, start + batchEmails);
      const emails = Array.from(batch, (at) => this.#emails[at]).filter((email) => email !== undefined);
      const readers = await emailReaders(this.#account, emails, { previews: false, descriptions: true });
      for (const [i, reader] of readers.entries()) {
        const at = batch[i] ?? 0;
        if ((await this.#isAttached(at, reader)) === wanted) found.push(at);
        const pause = this.loop.pause();
        if (pause !== null) await pause;
      }
    }
    return Uint32Array.from(found);
  }

  /** Null for a message that is gone meanwhile, or cannot be read. */
  async #isAttached(at: number, reader: EmailReader): Promise<boolean | null> {
    try {
      const { root } = await reader.description();
      return hasAttachment(bodyListsOf(bodyStructureOf(root)));
    } catch (error) {
      if (!(error instanceof EmailGone)) this.#note(at, error);
      return null;
    }
  }

  /** Asks the index, then searches mailbox by mailbox. */
  async #withTexts(texts: readonly TextCondition[], candidates: Uint32Array): Promise<Uint32Array> {
    const matches = await this.#matchesFor(texts, candidates);
    const ids = matches === null ? null : new Set(matches.ids);
    const byMailbox = new Map<MailboxId, Map<number, number>>();
    for (const at of candidates) {
      const email = this.#emails[at];
      const [place] = email?.places ?? [];
      if (email === undefined || place === undefined) continue;
      if (matches !== null && ids !== null && email.id <= matches.lastId && !ids.has(email.id)) continue;
      const places = byMailbox.get(place.mailbox) ?? new Map<number, number>();
      byMailbox.set(place.mailbox, places.set(place.uid, at));
    }
    const found: number[] = [];
    for (const [mailbox, places] of byMailbox) {
      for (const uid of await this.#inMailbox(mailbox, Uint32Array.from(places.keys()).sort(), texts, places))
        found.push(places.get(uid) ?? 0);
    }
    return Uint32Array.from(found).sort();
  }

  /** Of few emails the index is asked about these: the first page may need no others. */
  async #matchesFor(texts: readonly TextCondition[], candidates: Uint32Array): Promise<Matches> {
    const needles = texts.map(({ value }) => needleOf(value));
    const key = JSON.stringify(texts.map(({ value }) => value));
    const known = this.#matches.get(key);
    if (known !== undefined) return known;
    if (candidates.length <= fewEmails) {
      const ids = Array.from(candidates, (at) => this.#emails[at]?.id ?? 0);
      return await this.#account.search.candidates(needles, Math.min(...ids), Math.max(...ids));
    }
    const matches = await this.#account.search.candidates(needles, 0, Number.MAX_SAFE_INTEGER);
    this.#matches.set(key, matches);
    return matches;
  }

  async #inMailbox(
    mailbox: MailboxId,
    uids: Uint32Array,
    texts: readonly TextCondition[],
    places: ReadonlyMap<number, number>,
  ): Promise<Uint32Array> {
    using lease = await this.#account.images.open(mailbox);
    if (lease === null) return new Uint32Array(0);
    return await matchText(
      accountSource(this.#account, mailbox, () => lease.image.uids),
      uids,
      texts,
      {
        signal: this.#account.removed,
        isNarrowed: true,
        onFailure: (uid, error) => this.#note(places.get(uid) ?? 0, error),
      },
    );
  }

  /** Notes a damaged message. @throws `error` when it is about something else. */
  #note(at: number, error: unknown): void {
    if (!isMessageDamage(error)) throw error;
    this.unknown.set(at, error);
  }
}
