import type { MailboxId } from '#lib/ids';
import type { TextCondition } from '#lib/search';
import type { Account } from '#mail/accounts';
import type { Email, EmailView } from '#mail/emails';
import { accountSource, Cost, matchText, needleOf, type SearchSpace } from '#mail/search';
import { isMessageDamage } from '#server/conditions';
import { bodyListsOf, bodyStructureOf, hasAttachment } from './body-parts.ts';
import { EmailGone, emailReaders } from './email-reader.ts';

/** A condition on an email. */
export type EmailTest =
  | TextCondition
  | { readonly kind: 'memory'; readonly test: (email: Email, view: EmailView) => boolean }
  | { readonly kind: 'attachment'; readonly wanted: boolean };

/** Emails between two questions to the loop. */
const pieceEmails = 256;
/** So few are read as fast as the index is asked. */
const fewEmails = 8;
/** Emails whose descriptions are read at a time. */
const batchEmails = 64;

/** Name of the keys that say which emails have attachments. */
const attachmentKey = 'hasAttachment';

type Matches = Awaited<ReturnType<Account['search']['candidates']>>;

/** Emails in an order, by their positions in it. */
export class EmailSpace implements SearchSpace<EmailTest> {
  readonly loop: Account['loop'];
  readonly unknown = new Map<number, unknown>();
  readonly #account: Account;
  readonly #view: EmailView;
  readonly #emails: readonly Email[];
  /** Texts about which the index was asked already: emails that it rules out are not here. */
  readonly #asked: ReadonlySet<TextCondition>;

  constructor(account: Account, view: EmailView, emails: readonly Email[], asked: ReadonlySet<TextCondition>) {
    this.loop = account.loop;
    this.#asked = asked;
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
      await this.#readAttachments(batch);
      const known = this.#view.keysOf(attachmentKey);
      for (const at of batch) if (known.get(this.#emails[at]?.id ?? 0) === Number(wanted)) found.push(at);
    }
    return Uint32Array.from(found);
  }

  /** Finds out which emails have attachments, by their descriptions. What is found out is kept with the emails, which never change in that. */
  async #readAttachments(batch: Uint32Array): Promise<void> {
    const known = this.#view.keysOf(attachmentKey);
    const missing = Array.from(batch).flatMap((at) => {
      const email = this.#emails[at];
      return email === undefined || known.has(email.id) ? [] : [{ at, email }];
    });
    if (missing.length === 0) return;
    const emails = missing.map(({ email }) => email);
    const readers = await emailReaders(this.#account, emails, { previews: false, descriptions: true });
    for (const [i, reader] of readers.entries()) {
      try {
        const { root } = await reader.description();
        known.set(reader.email.id, Number(hasAttachment(bodyListsOf(bodyStructureOf(root)))));
      } catch (error) {
        // One that is gone meanwhile matches nothing.
        if (!(error instanceof EmailGone)) this.#note(missing[i]?.at ?? 0, error);
      }
      const pause = this.loop.pause();
      if (pause !== null) await pause;
    }
  }

  /** Asks the index, then searches mailbox by mailbox. */
  async #withTexts(texts: readonly TextCondition[], candidates: Uint32Array): Promise<Uint32Array> {
    const isAsked = texts.every((text) => this.#asked.has(text));
    const matches = isAsked ? null : await this.#matchesFor(texts, candidates);
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

  async #matchesFor(texts: readonly TextCondition[], candidates: Uint32Array): Promise<Matches> {
    if (candidates.length < fewEmails) return null;
    const needles = texts.map(({ value }) => needleOf(value));
    let [from, to] = [Number.MAX_SAFE_INTEGER, 0];
    for (const at of candidates) {
      const id = this.#emails[at]?.id ?? 0;
      from = Math.min(from, id);
      to = Math.max(to, id);
    }
    return await this.#account.search.candidates(needles, from, to);
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
