import assert from 'node:assert/strict';
import type { ImapSession, JmapSession } from './sessions.ts';
import type { ImapView, Place } from './views.ts';

/** Sessions of one client of both protocols. */
export interface Sessions {
  readonly imap: ImapSession;
  readonly jmap: JmapSession;
}

/** Chooses a number below another. */
export type Below = (count: number) => number;

/** A mailbox that only one writer uses; its name is what the last acknowledged command gave it. */
interface OwnMailbox {
  name: string;
}

interface Message {
  readonly mailboxes: ReadonlySet<string>;
  readonly keywords: ReadonlySet<string>;
}

const gone: Message = { mailboxes: new Set(), keywords: new Set() };
const keywords = ['$seen', '$flagged', 'work'] as const;
const common = ['INBOX', 'Archive', 'Trash'] as const;

/**
 * Sends random commands, IMAP and JMAP by turns, about messages and one mailbox of its own. Others work in the same mailboxes, but not on these
 * messages: the naive model is exact, but for the one command that a kill left unanswered.
 */
export class Writer {
  readonly #name: string;
  readonly #below: Below;
  readonly #messages = new Map<string, Message>();
  #own: OwnMailbox | null = null;
  #made = 0;
  #acknowledged: () => void;
  /** State of each message and of the mailbox after the unanswered command, if it was carried out. */
  #pending: { readonly messages: ReadonlyMap<string, Message>; readonly own: OwnMailbox | null } | null = null;

  constructor(name: string, below: Below, acknowledged: () => void) {
    this.#name = name;
    this.#below = below;
    this.#acknowledged = acknowledged;
  }

  /** Sends one command and waits for its answer. @throws Disconnected. */
  async step(sessions: Sessions): Promise<void> {
    const living = [...this.#messages].filter(([, { mailboxes }]) => mailboxes.size > 0);
    const [number, message] = living[this.#below(Math.max(living.length, 1))] ?? ['', gone];
    if (living.length < 3 || this.#below(4) === 0) await this.#add(sessions);
    else if (this.#below(7) === 0) await this.#changeMailbox(sessions);
    else if (this.#below(2) === 0) await this.#changeByImap(sessions.imap, number, message);
    else await this.#changeByJmap(sessions.jmap, number, message);
    this.#acknowledged();
  }

  /** Compares all that was acknowledged with what is there, and takes over what the unanswered command did. @returns what is wrong. */
  settle(view: ImapView): string[] {
    const problems: string[] = [];
    const pending = this.#pending;
    this.#pending = null;
    const found = [...view.mailboxes].filter((name) => name.startsWith(`Own-${this.#name}-`));
    const allowed = pending === null ? [this.#own] : [this.#own, pending.own];
    if (!allowed.some((own) => (own?.name ?? '') === found.join()))
      problems.push(
        `writer ${this.#name}: mailboxes ${found.join()}, not ${allowed.map((own) => own?.name).join(' or ')}`,
      );
    this.#own = found[0] === undefined ? null : { name: found[0] };
    for (const [number, before] of this.#messages) {
      const places = view.places.get(number) ?? [];
      const wanted = [before, pending?.messages.get(number) ?? before];
      const isRight = (one: Message): boolean => namesOf(places) === [...one.mailboxes].toSorted().join();
      const hasKeywords = ({ keywords: has }: Place): boolean =>
        wanted.some((one) => [...has].toSorted().join() === [...one.keywords].toSorted().join());
      if (!wanted.some(isRight) || !places.every(hasKeywords))
        problems.push(
          `message ${number}: ${show(places)}, not ${wanted.map((one) => `${[...one.mailboxes].join()} with ${[...one.keywords].join()}`).join(' or ')}`,
        );
      const [first, ...others] = places;
      const isUniform = others.every(
        ({ keywords: has }) => has.symmetricDifference(first?.keywords ?? new Set()).size === 0,
      );
      // Half a change of flags: no later command is foreseen, so it is no longer the model's.
      if (first !== undefined && !isUniform) this.#messages.delete(number);
      else
        this.#messages.set(number, {
          mailboxes: new Set(places.map(({ mailbox }) => mailbox)),
          keywords: first?.keywords ?? new Set(),
        });
    }
    for (const number of view.places.keys())
      if (
        number.startsWith(`${this.#name}x`) &&
        !this.#messages.has(number) &&
        Number(number.split('x')[1]) > this.#made
      )
        problems.push(`message ${number} was never sent`);
    return problems;
  }

  /** Runs one command whose effect is known when it is acknowledged. */
  async #run(command: () => Promise<void>, messages: ReadonlyMap<string, Message>, own = this.#own): Promise<void> {
    this.#pending = { messages, own };
    for (const number of messages.keys()) if (!this.#messages.has(number)) this.#messages.set(number, gone);
    await command();
    this.#pending = null;
    for (const [number, message] of messages) this.#messages.set(number, message);
    this.#own = own;
  }

  async #add({ imap, jmap }: Sessions): Promise<void> {
    this.#made += 1;
    const number = `${this.#name}x${String(this.#made).padStart(5, '0')}x`;
    const text = messageText(number, this.#below(5) === 0 ? 40_000 : 200);
    const chosen = this.#keywords();
    const names = this.#mailboxes();
    if (this.#below(2) === 0) {
      const [mailbox = 'INBOX'] = names;
      await this.#run(
        async () => {
          await imap.ok(`APPEND ${mailbox} (${flags(chosen)})`, text);
        },
        new Map([[number, { mailboxes: new Set([mailbox]), keywords: chosen }]]),
      );
      return;
    }
    const blobId = await jmap.upload(text);
    const mailboxIds = await this.#mailboxIds(jmap, names);
    await this.#run(
      async () => {
        const emails = { e: { blobId, mailboxIds, keywords: asSet(chosen) } };
        const answer = await jmap.call('Email/import', { emails });
        assert.ok(answer.created !== null && 'e' in answer.created, JSON.stringify(answer));
      },
      new Map([[number, { mailboxes: new Set(names), keywords: chosen }]]),
    );
  }

  async #changeByImap(imap: ImapSession, number: string, message: Message): Promise<void> {
    const [mailbox = ''] = [...message.mailboxes];
    const target = this.#mailboxes().find((name) => !message.mailboxes.has(name));
    const choice = this.#below(4);
    if (choice === 0 || target === undefined) {
      const chosen = this.#keywords();
      // One command for each copy: the flags of all are the same in the end.
      await this.#run(
        async () => {
          for (const name of message.mailboxes)
            await imap.ok(`UID STORE ${await uidOf(imap, name, number)} FLAGS (${flags(chosen)})`);
        },
        new Map([[number, { ...message, keywords: chosen }]]),
      );
      return;
    }
    const uid = await uidOf(imap, mailbox, number);
    const others = new Set(message.mailboxes);
    if (choice !== 1) others.delete(mailbox);
    if (choice !== 2) others.add(target);
    await this.#run(
      async () => {
        if (choice === 1) await imap.ok(`UID COPY ${uid} ${target}`);
        else if (choice === 3) await imap.ok(`UID MOVE ${uid} ${target}`);
        else {
          await imap.ok(`UID STORE ${uid} +FLAGS (\\Deleted)`);
          await imap.ok(`UID EXPUNGE ${uid}`);
        }
      },
      new Map([[number, others.size === 0 ? gone : { ...message, mailboxes: others }]]),
    );
  }

  async #changeByJmap(jmap: JmapSession, number: string, message: Message): Promise<void> {
    const { ids } = await jmap.call('Email/query', { filter: { subject: number } });
    const [id = '', ...others] = ids;
    assert.ok(id !== '' && others.length === 0, `message ${number} is found as ${ids.join()}`);
    const choice = this.#below(4);
    const chosen = this.#keywords();
    const names = this.#mailboxes();
    const mailboxIds = await this.#mailboxIds(jmap, names);
    const next =
      choice === 0 ? gone : choice === 1 ? { ...message, mailboxes: new Set(names) } : { ...message, keywords: chosen };
    await this.#run(
      async () => {
        const patch = choice === 1 ? { mailboxIds } : { keywords: asSet(chosen) };
        const answer = await jmap.call('Email/set', choice === 0 ? { destroy: [id] } : { update: { [id]: patch } });
        const done = choice === 0 ? answer.destroyed.includes(id) : answer.updated !== null && id in answer.updated;
        assert.ok(done, JSON.stringify(answer));
      },
      new Map([[number, next]]),
    );
  }

  async #changeMailbox({ imap, jmap }: Sessions): Promise<void> {
    const isImap = this.#below(2) === 0;
    const own = this.#own;
    this.#made += 1;
    const name = `Own-${this.#name}-${this.#made}`;
    const [id = ''] = own === null || isImap ? [] : Object.keys(await this.#mailboxIds(jmap, [own.name]));
    const set = async (args: Parameters<JmapSession['call']>[1]): Promise<void> => {
      const answer = await jmap.call('Mailbox/set', args);
      for (const refused of ['notCreated', 'notUpdated', 'notDestroyed']) assert.equal(answer[refused] ?? null, null);
    };
    if (own === null) {
      await this.#run(() => (isImap ? done(imap.ok(`CREATE ${name}`)) : set({ create: { m: { name } } })), new Map(), {
        name,
      });
      return;
    }
    const within = [...this.#messages].filter(([, { mailboxes }]) => mailboxes.has(own.name));
    const isRename = this.#below(2) === 0;
    const changed = within.map(([number, message]) => {
      const mailboxes = new Set(message.mailboxes);
      mailboxes.delete(own.name);
      if (isRename) mailboxes.add(name);
      return [number, mailboxes.size === 0 ? gone : { ...message, mailboxes }] as const;
    });
    const command = async (): Promise<void> => {
      if (isRename) await (isImap ? done(imap.ok(`RENAME ${own.name} ${name}`)) : set({ update: { [id]: { name } } }));
      else await (isImap ? done(imap.ok(`DELETE ${own.name}`)) : set({ destroy: [id], onDestroyRemoveEmails: true }));
    };
    if (isImap) await imap.ok('SELECT INBOX');
    await this.#run(command, new Map(changed), isRename ? { name } : null);
  }

  /** One mailbox or two. */
  #mailboxes(): string[] {
    const all = [...common, ...(this.#own === null ? [] : [this.#own.name])];
    return [...new Set([all[this.#below(all.length)] ?? '', all[this.#below(all.length)] ?? ''])];
  }

  #keywords(): ReadonlySet<string> {
    return new Set(keywords.filter(() => this.#below(2) === 0));
  }

  async #mailboxIds(jmap: JmapSession, names: readonly string[]): Promise<Record<string, true>> {
    const { list } = await jmap.call('Mailbox/get', { properties: ['name'] });
    const ids = list.filter(({ name }) => names.includes(/^inbox$/i.test(name) ? 'INBOX' : name)).map(({ id }) => id);
    assert.equal(ids.length, names.length, JSON.stringify([names, list]));
    return Object.fromEntries(ids.map((id) => [id, true] as const));
  }
}

/** Writes a message whose subject is its number. */
export function messageText(number: string, bytes: number): string {
  const line = `${'z'.repeat(70)}\r\n`;
  return `From: <sender@example.org>\r\nDate: Thu, 1 Jan 2026 00:00:00 +0000\r\nMessage-ID: <${number}@example.org>\r\nSubject: ${number}\r\n\r\n${line.repeat(Math.ceil(bytes / 72))}`;
}

async function done(answer: Promise<unknown>): Promise<void> {
  await answer;
}

async function uidOf(imap: ImapSession, mailbox: string, number: string): Promise<string> {
  await imap.ok(`SELECT ${mailbox}`);
  const uids = await imap.search(`UNDELETED SUBJECT ${number}`);
  assert.equal(uids.length, 1, `message ${number} has UIDs ${uids.join()} in ${mailbox}`);
  return uids[0] ?? '';
}

function flags(chosen: ReadonlySet<string>): string {
  return [...chosen].map((keyword) => keyword.replace('$seen', '\\Seen').replace('$flagged', '\\Flagged')).join(' ');
}

function asSet(chosen: ReadonlySet<string>): Record<string, true> {
  return Object.fromEntries([...chosen].map((keyword) => [keyword, true] as const));
}

function namesOf(places: readonly Place[]): string {
  return places
    .map(({ mailbox }) => mailbox)
    .toSorted()
    .join();
}

function show(places: readonly Place[]): string {
  return places.map(({ mailbox, keywords: has }) => `${mailbox} with ${[...has].join()}`).join('; ') || 'nowhere';
}
