import { applyPatch, memberOf, SetError, type JmapLimits, type JsonObject, type JsonValue } from '#lib/jmap';
import type { MailboxId } from '#lib/ids';
import type { EmailView } from '#mail/emails';
import { MailboxRefusal, type Mailbox, type MailboxEditor, type SpecialUse } from '#mail/mailboxes';
import type { JmapMethod } from '#proto/jmap-server';
import { mailboxIds } from './ids.ts';
import { accountOf, type MailContext } from './mail-context.ts';
import { mailboxObject, mailboxProperties, parentNameOf, specialUseOf, type MailboxEntry } from './mailbox-object.ts';
import { mailUri } from './mail-uri.ts';
import { isSameJson } from './same-json.ts';
import { refuseOtherState, resolvedId, setCallOf, SetResults, type SetCall } from './set-call.ts';

/** Properties that clients may set. The server keeps an order of its own, whatever they ask for. */
const settable = ['name', 'parentId', 'role', 'isSubscribed', 'sortOrder'];

/** Mailbox/set (RFC 8621 §2.5). The objects of a call change in one transaction. */
export const mailboxSet: JmapMethod<MailContext> = {
  name: 'Mailbox/set',
  capability: mailUri,
  run: async (args, context, { createdIds }) => {
    const { mailboxes, emails } = accountOf(args, context);
    const call = setCallOf(args, context);
    const onlyEmpty = !args.boolean('onDestroyRemoveEmails', false);
    args.end();
    const view = await emails.view();
    // To delete is how clients make room.
    const space = call.create.size + call.update.size === 0 ? 'reserve' : undefined;
    const { response, ids } = await mailboxes.edit(async (editor) => {
      const oldState = await editor.state();
      refuseOtherState(call, oldState);
      const changes = new MailboxChanges(editor, view, createdIds, context.limits);
      await changes.create(call);
      await changes.updateAndDestroy(call, onlyEmpty);
      return { response: changes.results.response(context, oldState, await editor.state()), ids: changes.createdIds };
    }, space);
    for (const [creationId, id] of ids) createdIds.set(creationId, id);
    return response;
  },
};

/** Name, parent, role and subscription that a client gives a mailbox. */
interface Wanted {
  readonly name: string;
  readonly specialUse: readonly SpecialUse[];
  readonly isSubscribed: boolean;
}

/** The changes of one call. */
class MailboxChanges {
  readonly results = new SetResults();
  readonly createdIds: Map<string, string>;
  readonly #editor: MailboxEditor;
  readonly #view: EmailView;
  readonly #limits: JmapLimits;

  constructor(editor: MailboxEditor, view: EmailView, createdIds: ReadonlyMap<string, string>, limits: JmapLimits) {
    this.#limits = limits;
    this.#editor = editor;
    this.#view = view;
    this.createdIds = new Map(createdIds);
  }

  /** Creates mailboxes, those above others first. */
  async create({ create }: SetCall): Promise<void> {
    const waiting = new Map(create);
    for (let before = Infinity; waiting.size > 0 && waiting.size < before;) {
      before = waiting.size;
      for (const [creationId, object] of waiting) {
        const parent = memberOf(object, 'parentId');
        const above = typeof parent === 'string' && parent.startsWith('#') ? parent.slice(1) : null;
        if (above !== null && above !== creationId && waiting.has(above)) continue;
        waiting.delete(creationId);
        await this.#try('notCreated', creationId, () => this.#createOne(creationId, object));
      }
    }
    const circle = new SetError('invalidProperties', 'mailboxes cannot be within each other', ['parentId']);
    for (const creationId of waiting.keys()) this.results.refused('notCreated', creationId, circle);
  }

  /** Updates mailboxes in the order given, then destroys others, those below others first. */
  async updateAndDestroy({ update, destroy }: SetCall, onlyEmpty: boolean): Promise<void> {
    const going = new Set(destroy.map((id) => resolvedId(id, this.createdIds)));
    for (const [given, patch] of update) {
      await this.#try('notUpdated', given, async () => {
        const entry = await this.#entry(given);
        if (going.has(mailboxIds.write(entry.mailbox.id)))
          throw new SetError('willDestroy', 'this call destroys the mailbox');
        await this.#updateOne(entry, patch);
      });
    }
    const found: { readonly given: string; readonly mailbox: Mailbox }[] = [];
    for (const given of new Set(destroy))
      await this.#try('notDestroyed', given, async () => {
        found.push({ given, mailbox: (await this.#entry(given)).mailbox });
      });
    found.sort((a, b) => b.mailbox.name.split('/').length - a.mailbox.name.split('/').length);
    for (const { given, mailbox } of found)
      await this.#try('notDestroyed', given, () => this.#destroyOne(mailbox, onlyEmpty));
  }

  async #createOne(creationId: string, object: JsonObject): Promise<void> {
    refuseUnsettable(Object.keys(object).filter((name) => !settable.includes(name)));
    const wanted = await this.#wanted(object);
    if (wanted.isSubscribed) await this.#editor.refuseManySubscriptions();
    const mailbox = await this.#editor.create(wanted.name, wanted.specialUse);
    await this.#editor.subscribe(mailbox.name, wanted.isSubscribed);
    const id = mailboxIds.write(mailbox.id);
    this.createdIds.set(creationId, id);
    const whole = mailboxObject(await this.#entry(id), this.#view, false);
    const unasked = Object.entries(whole).filter(([name, value]) => !isSameJson(value, memberOf(object, name)));
    this.results.created(creationId, Object.fromEntries(unasked));
  }

  async #updateOne(entry: MailboxEntry, patch: JsonObject): Promise<void> {
    const { mailbox } = entry;
    const before = mailboxObject(entry, this.#view, false);
    const after = applyPatch(before, patch, { isSubscribed: false }, this.#limits);
    const names = new Set([...mailboxProperties, ...Object.keys(after)]);
    const isChanged = (name: string): boolean =>
      !isSameJson(memberOf(before, name) ?? null, memberOf(after, name) ?? null);
    refuseUnsettable([...names].filter((name) => !settable.includes(name) && isChanged(name)));
    const isNamed = isChanged('name') || isChanged('parentId');
    if (mailbox.name === 'INBOX' && (isNamed || isChanged('role')))
      throw new SetError('forbidden', 'the inbox keeps its name, place and role');
    const wanted = await this.#wanted(isChanged('role') ? after : { ...after, role: null });
    if (isChanged('role')) await this.#editor.refuseTakenUses(wanted.specialUse, mailbox.id);
    const isNewSubscription = isChanged('isSubscribed') && wanted.isSubscribed;
    if (isNewSubscription) await this.#editor.refuseManySubscriptions();
    if (isNamed) await this.#editor.rename(mailbox.name, wanted.name, true);
    const { name } = (await this.#editor.byId(mailbox.id)) ?? mailbox;
    if (isChanged('role')) await this.#editor.setSpecialUse(name, wanted.specialUse);
    if (isChanged('isSubscribed')) await this.#editor.subscribe(name, wanted.isSubscribed);
    const { sortOrder = null } = mailboxObject(await this.#entry(mailboxIds.write(mailbox.id)), this.#view, false);
    const isOrdered = isSameJson(sortOrder, memberOf(after, 'sortOrder'));
    this.results.updated(mailboxIds.write(mailbox.id), isOrdered ? null : { sortOrder });
  }

  async #destroyOne(mailbox: Mailbox, onlyEmpty: boolean): Promise<void> {
    if (mailbox.name === 'INBOX') throw new SetError('forbidden', 'the inbox cannot be destroyed');
    if (onlyEmpty && mailbox.messages > mailbox.deleted)
      throw new SetError('mailboxHasEmail', 'the mailbox has emails, and onDestroyRemoveEmails is not set');
    await this.#editor.delete(mailbox.name);
    this.results.destroyed(mailboxIds.write(mailbox.id));
  }

  /** Reads the properties of a new or changed mailbox. @throws SetError. */
  async #wanted(object: JsonObject): Promise<Wanted> {
    const last = memberOf(object, 'name');
    if (typeof last !== 'string' || last === '' || last.includes('/'))
      throw invalid('name', 'a name without slashes is expected');
    const parentId = memberOf(object, 'parentId') ?? null;
    const parent = await this.#parent(parentId);
    const isSubscribed = memberOf(object, 'isSubscribed') ?? false;
    if (typeof isSubscribed !== 'boolean') throw invalid('isSubscribed', 'a boolean is expected');
    const sortOrder = memberOf(object, 'sortOrder') ?? 0;
    if (!Number.isSafeInteger(sortOrder) || Number(sortOrder) < 0 || Number(sortOrder) >= 2 ** 31)
      throw invalid('sortOrder', 'a number from 0 to 2147483647 is expected');
    const isInbox = parent === null && last === 'Inbox';
    const name = parent === null ? last : `${parent.name}/${last}`;
    return { name: isInbox ? 'INBOX' : name, specialUse: usesOf(memberOf(object, 'role') ?? null), isSubscribed };
  }

  async #parent(id: JsonValue): Promise<Mailbox | null> {
    if (id === null) return null;
    const resolved = typeof id === 'string' ? resolvedId(id, this.createdIds) : null;
    const parent = await this.#editor.byId((mailboxIds.read(resolved ?? '') ?? 0) as MailboxId);
    if (parent === null) throw invalid('parentId', 'there is no such mailbox');
    return parent;
  }

  /** @throws SetError notFound. */
  async #entry(given: string): Promise<MailboxEntry> {
    const id = mailboxIds.read(resolvedId(given, this.createdIds) ?? '') as MailboxId | null;
    const mailbox = id === null ? null : await this.#editor.byId(id);
    if (mailbox === null) throw new SetError('notFound', 'there is no such mailbox');
    const above = parentNameOf(mailbox);
    const parent = above === null ? null : await this.#editor.byName(above);
    return { mailbox, parent, isSubscribed: await this.#editor.isSubscribed(mailbox.name) };
  }

  async #try(kind: 'notCreated' | 'notUpdated' | 'notDestroyed', id: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.results.refused(kind, id, error instanceof MailboxRefusal ? setErrorOf(error) : error);
    }
  }
}

function usesOf(role: JsonValue): readonly SpecialUse[] {
  if (role === null) return [];
  const use = typeof role === 'string' ? specialUseOf(role) : null;
  if (use === null) throw invalid('role', 'archive, drafts, junk, sent or trash is expected');
  return [use];
}

function invalid(property: string, reason: string): SetError {
  return new SetError('invalidProperties', `${property}: ${reason}`, [property]);
}

function refuseUnsettable(names: readonly string[]): void {
  if (names.length === 0) return;
  const named = names.map((name) => name.slice(0, 100));
  throw new SetError('invalidProperties', 'clients cannot set these properties', named);
}

function setErrorOf({ code, message }: MailboxRefusal): SetError {
  switch (code) {
    case 'ALREADYEXISTS':
    case 'CANNOT':
      return new SetError('invalidProperties', message, ['name', 'parentId']);
    case 'USEATTR':
      return new SetError('invalidProperties', message, ['role']);
    case 'LIMIT':
      return new SetError('overQuota', message);
    case 'HASCHILDREN':
      return new SetError('mailboxHasChild', message);
    case 'NONEXISTENT':
      return new SetError('notFound', message);
  }
}
