import { type ListCommand, matchListPattern, writeList } from '#lib/imap';
import type { AccountBackend, MailboxEntry, MailboxStatus } from '../backend.ts';
import type { Context } from '../context.ts';
import type { EventLoop } from '#ports/event-loop';
import { No } from '../refusal.ts';
import type { Handler } from './handler.ts';
import { writeCounters } from './status.ts';

interface Listed {
  readonly entry: MailboxEntry;
  /** True when it meets the selection options itself; otherwise it is listed because of the mailboxes below it. */
  readonly isSelected: boolean;
  /** True when a subscribed mailbox lies below it (RFC 9051 §6.3.9.6). */
  readonly hasChildInfo: boolean;
}

/** LIST, plain (RFC 3501 §6.3.8) and extended (RFC 9051 §6.3.9), with RETURN (STATUS) of RFC 5819. */
export const list: Handler<ListCommand> = {
  state: 'authenticated',
  updates: 'all',
  async run(context, command) {
    const [only] = command.patterns;
    if (command.patterns.length === 1 && only === '' && !command.isExtended) {
      // RFC 9051 §6.3.9: an empty name is a special request for the hierarchy delimiter and the root name.
      context.untagged('LIST (\\Noselect) "/" ""');
      return 'listed';
    }
    const matcher = new Matcher(context, command.reference, command.patterns);
    const account = context.loggedIn();
    const entries = await account.mailboxes();
    const listed = await choose(entries, command, matcher);
    const counters = await statusOf(account, listed, command);
    const parents = parentsOf(entries.filter(({ exists }) => exists));
    for (const item of listed) {
      writeEntry(context, command, item, parents.has(item.entry.name));
      const status = counters.get(item.entry.name);
      if (status !== undefined) writeCounters(context, item.entry.name, command.returns.status ?? [], status);
      if (context.output.isFull) await context.output.spill();
    }
    return 'listed';
  },
};

/** Matching steps between two pauses for other connections. */
const stepsPerQuestion = 10_000;

/** The patterns of one command. The user chooses patterns and names, so the cost of both together has a limit. */
export class Matcher {
  readonly #patterns: readonly string[];
  readonly #maxSteps: number;
  readonly #steps: { left: number };
  readonly #loop: EventLoop;

  /** @throws No when the patterns are too long. */
  constructor(context: Context, reference: string, patterns: readonly string[]) {
    const { maxPatternChars, maxListSteps } = context.deps.options.limits;
    const chars = patterns.reduce((sum, pattern) => sum + reference.length + pattern.length, 0);
    if (chars > maxPatternChars)
      throw new No('LIMIT', `patterns with the reference are too long: the limit is ${maxPatternChars} characters`);
    this.#patterns = patterns.map((pattern) => (reference + pattern).normalize('NFC'));
    this.#maxSteps = maxListSteps;
    this.#steps = { left: maxListSteps };
    this.#loop = context.deps.loop;
  }

  /** Returns the entries whose names match, in order, with pauses for other connections. @throws No when it is too much work. */
  async filter<Entry extends { readonly name: string }>(entries: readonly Entry[]): Promise<Entry[]> {
    const found: Entry[] = [];
    let askAt = this.#steps.left - stepsPerQuestion;
    for (const entry of entries) {
      if (this.#matches(entry.name)) found.push(entry);
      if (this.#steps.left > askAt) continue;
      askAt = this.#steps.left - stepsPerQuestion;
      const pause = this.#loop.pause();
      if (pause !== null) await pause;
    }
    return found;
  }

  #matches(name: string): boolean {
    const isMatch = this.#patterns.some((pattern) => matchListPattern(pattern, name, '/', this.#steps));
    if (this.#steps.left < 0)
      throw new No(
        'LIMIT',
        `too much work for so many names: the limit is ${this.#maxSteps} steps, so write fewer * and %`,
      );
    return isMatch;
  }
}

async function choose(entries: readonly MailboxEntry[], command: ListCommand, matcher: Matcher): Promise<Listed[]> {
  const selected = entries.filter(selector(command));
  const told = new Set(await matcher.filter(selected));
  if (!command.select.includes('recursiveMatch'))
    return [...told].map((entry) => ({ entry, isSelected: true, hasChildInfo: false }));
  const above = parentsOf(selected);
  // RFC 5258 §3.5: a parent that is not selected itself is listed only for a child that is not.
  const missing = parentsOf(selected.filter((entry) => !told.has(entry)));
  const names = new Set(entries.map(({ name }) => name));
  const unknown = [...missing].filter((name) => !names.has(name)).map(nonExistent);
  const all = [...entries, ...unknown];
  const parents = new Set(await matcher.filter(all.filter((entry) => !told.has(entry) && missing.has(entry.name))));
  return all
    .filter((entry) => told.has(entry) || parents.has(entry))
    .map((entry) => ({ entry, isSelected: told.has(entry), hasChildInfo: above.has(entry.name) }));
}

/** Returns an entry for a level above subscribed names that is no mailbox itself. */
function nonExistent(name: string): MailboxEntry {
  return { name, exists: false, selectable: false, subscribed: false, specialUse: [] };
}

function selector(command: ListCommand): (entry: MailboxEntry) => boolean {
  const wantsSubscribed = command.select.includes('subscribed');
  const wantsSpecial = command.select.includes('specialUse');
  return (entry) =>
    (wantsSubscribed ? entry.subscribed : entry.exists) && (!wantsSpecial || entry.specialUse.length > 0);
}

/** Returns the names that have a name of `entries` below them. */
function parentsOf(entries: readonly MailboxEntry[]): ReadonlySet<string> {
  const parents = new Set<string>();
  for (const { name } of entries) {
    for (let at = name.lastIndexOf('/'); at > 0; at = name.lastIndexOf('/', at - 1)) {
      const parent = name.slice(0, at);
      if (parents.has(parent)) break;
      parents.add(parent);
    }
  }
  return parents;
}

async function statusOf(
  account: AccountBackend,
  listed: readonly Listed[],
  command: ListCommand,
): Promise<ReadonlyMap<string, MailboxStatus>> {
  const found = new Map<string, MailboxStatus>();
  if (command.returns.status === null) return found;
  const names = listed
    // RFC 5819 §3: none for mailboxes that are listed only for their children.
    .filter(({ entry, isSelected }) => isSelected && entry.exists && entry.selectable)
    .map(({ entry }) => entry.name);
  const counters = await account.status(names);
  names.forEach((name, i) => {
    const status = counters[i];
    if (status !== null && status !== undefined) found.set(name, status);
  });
  return found;
}

function writeEntry(
  context: Context,
  command: ListCommand,
  { entry, hasChildInfo }: Listed,
  hasChildren: boolean,
): void {
  // RFC 9051 §6.3.9.1: the SUBSCRIBED selection option implies the return option.
  const withSubscribed = command.returns.subscribed || command.select.includes('subscribed');
  const attributes = attributesOf(entry, hasChildren, withSubscribed);
  const childInfo = hasChildInfo ? ['SUBSCRIBED'] : [];
  context.write((writer, options) => {
    writeList(writer, { attributes, separator: '/', name: entry.name, childInfo }, options);
  });
}

function attributesOf(entry: MailboxEntry, hasChildren: boolean, withSubscribed: boolean): string[] {
  const attributes: string[] = [];
  // RFC 9051 §7.3.1: \NonExistent implies \Noselect. RFC 9051 §6.3.9.5: \HasChildren and \HasNoChildren may answer any LIST.
  if (!entry.exists) attributes.push('\\NonExistent');
  else if (!entry.selectable) attributes.push('\\Noselect');
  if (entry.exists) attributes.push(hasChildren ? '\\HasChildren' : '\\HasNoChildren');
  if (entry.subscribed && withSubscribed) attributes.push('\\Subscribed');
  return [...attributes, ...entry.specialUse];
}

/** Returns the attributes of one mailbox as LIST reports them; none for one that no longer exists. */
export async function mailboxAttributes(account: AccountBackend, name: string): Promise<readonly string[]> {
  const entries = (await account.mailboxes()).filter(({ exists }) => exists);
  const entry = entries.find((candidate) => candidate.name === name);
  return entry === undefined ? [] : attributesOf(entry, parentsOf(entries).has(name), false);
}
