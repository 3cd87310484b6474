import { parseAddress } from '#lib/address';
import { applyPatch, isJsonObject, memberOf, MethodError, SetError, type JsonObject, type JsonValue } from '#lib/jmap';
import {
  identityLimits,
  TooManyIdentities,
  type IdentityEditor,
  type IdentityProperties,
  type NamedAddress,
} from '#mail/identities';
import type { JmapMethod } from '#proto/jmap-server';
import { identityIds } from './ids.ts';
import { IdentityList, identityObject, type ShownIdentity } from './identity-list.ts';
import { accountOf, type MailContext } from './mail-context.ts';
import { isSameJson } from './same-json.ts';
import { resolvedId, setCallOf, SetResults, type SetCall } from './set-call.ts';
import { submissionUri } from './submission-capability.ts';

const settable = ['name', 'replyTo', 'bcc', 'textSignature', 'htmlSignature'];
const defaults: JsonObject = { name: '', replyTo: null, bcc: null, textSignature: '', htmlSignature: '' };

/** Identity/set (RFC 8621 §6.3). The objects of a call change in one transaction. */
export const identitySet: JmapMethod<MailContext> = {
  name: 'Identity/set',
  capability: submissionUri,
  run: async (args, context, { createdIds }) => {
    const { identities } = accountOf(args, context);
    const call = setCallOf(args, context);
    args.end();
    const { response, ids } = await identities.edit(async (editor) => {
      const before = new IdentityList(context.sending.sender, await editor.list());
      if (call.ifInState !== null && call.ifInState !== before.state)
        throw new MethodError('stateMismatch', `the state is ${before.state}`);
      const changes = new IdentityChanges(editor, context, createdIds);
      await changes.create(call);
      await changes.updateAndDestroy(call);
      const after = new IdentityList(context.sending.sender, await editor.list());
      return { response: changes.results.responseOf(context, before.state, after.state), ids: changes.createdIds };
    });
    for (const [creationId, id] of ids) createdIds.set(creationId, id);
    return response;
  },
};

/** The changes of one call. */
class IdentityChanges {
  readonly results = new SetResults();
  readonly createdIds: Map<string, string>;
  readonly #editor: IdentityEditor;
  readonly #context: MailContext;

  constructor(editor: IdentityEditor, context: MailContext, createdIds: ReadonlyMap<string, string>) {
    this.#editor = editor;
    this.#context = context;
    this.createdIds = new Map(createdIds);
  }

  async create({ create }: SetCall): Promise<void> {
    for (const [creationId, object] of create) {
      await this.#try('notCreated', creationId, async () => {
        const email = this.#emailOf(memberOf(object, 'email'));
        refuseUnknown(object, [...settable, 'email']);
        const id = identityIds.write(
          await this.#editor.add({ address: null, email }, propertiesIn({ ...defaults, ...object })),
        );
        this.createdIds.set(creationId, id);
        const unset = Object.fromEntries(
          settable.flatMap((name) => (Object.hasOwn(object, name) ? [] : [[name, defaults[name] ?? null]])),
        );
        this.results.created(creationId, { id, ...unset, mayDelete: true });
      });
    }
  }

  async updateAndDestroy({ update, destroy }: SetCall): Promise<void> {
    const leaving = new Set(destroy.map((given) => resolvedId(given, this.createdIds)));
    for (const [given, patch] of update) {
      await this.#try('notUpdated', given, async () => {
        const identity = await this.#find(given);
        if (leaving.has(identity.id)) throw new SetError('willDestroy', 'this call destroys the identity');
        await this.#update(identity, patch);
        this.results.updated(identity.id);
      });
    }
    for (const given of new Set(destroy)) {
      await this.#try('notDestroyed', given, async () => {
        const { id, row, address } = await this.#find(given);
        if (address !== null || row === null)
          throw new SetError('forbidden', 'an address of the account keeps its identity');
        await this.#editor.remove(row.id);
        this.results.destroyed(id);
      });
    }
  }

  async #update(identity: ShownIdentity, patch: JsonObject): Promise<void> {
    const before = identityObject(identity);
    const after = applyPatch(before, patch, defaults);
    const fixed = ['id', 'email', 'mayDelete'].filter(
      (name) => !isSameJson(memberOf(after, name), memberOf(before, name)),
    );
    if (fixed.length > 0) throw new SetError('invalidProperties', 'these cannot be changed', fixed);
    refuseUnknown(after, Object.keys(before));
    const properties = propertiesIn({ ...defaults, ...after });
    const { row, address, email } = identity;
    if (row !== null) await this.#editor.update(row.id, properties);
    else await this.#editor.add({ address, email }, properties);
  }

  /** Checks the address of a new identity by the rule for submitted mail. @throws SetError forbiddenFrom. */
  #emailOf(value: JsonValue | undefined): string {
    const parsed = typeof value === 'string' ? parseAddress(value, { smtputf8: true }) : null;
    if (typeof value !== 'string' || parsed?.ok !== true)
      throw new SetError('invalidProperties', 'email: an address is expected', ['email']);
    if (!this.#context.sending.maySendAs(parsed.value))
      throw new SetError('forbiddenFrom', 'this is not one of your addresses');
    return value;
  }

  async #find(given: string): Promise<ShownIdentity> {
    const id = resolvedId(given, this.createdIds);
    const { all } = new IdentityList(this.#context.sending.sender, await this.#editor.list());
    const found = all.find((identity) => identity.id === id);
    if (found === undefined) throw new SetError('notFound', 'there is no such identity');
    return found;
  }

  async #try(
    kind: 'notCreated' | 'notUpdated' | 'notDestroyed',
    id: string,
    change: () => Promise<void>,
  ): Promise<void> {
    try {
      await change();
    } catch (error) {
      const isFull = error instanceof TooManyIdentities;
      const most = `an account has at most ${identityLimits.maxIdentities} identities`;
      this.results.refused(kind, id, isFull ? new SetError('overQuota', most) : error);
    }
  }
}

function refuseUnknown(object: JsonObject, known: readonly string[]): void {
  const others = Object.keys(object).filter((name) => !known.includes(name));
  if (others.length > 0)
    throw new SetError(
      'invalidProperties',
      'these cannot be set',
      others.map((name) => name.slice(0, 100)),
    );
}

/** Reads properties that users set. @throws SetError invalidProperties. */
function propertiesIn(object: JsonObject): IdentityProperties {
  return {
    name: nameIn(memberOf(object, 'name'), 'name'),
    replyTo: addressesIn(memberOf(object, 'replyTo'), 'replyTo'),
    bcc: addressesIn(memberOf(object, 'bcc'), 'bcc'),
    textSignature: signatureIn(memberOf(object, 'textSignature'), 'textSignature'),
    htmlSignature: signatureIn(memberOf(object, 'htmlSignature'), 'htmlSignature'),
  };
}

/** Names become header fields: they have no control characters. */
function nameIn(value: JsonValue | undefined, property: string): string {
  const isName = typeof value === 'string' && value.length <= identityLimits.maxNameChars && !/\p{Cc}/u.test(value);
  if (!isName)
    throw invalid(property, `a text of one line with at most ${identityLimits.maxNameChars} characters is expected`);
  return value;
}

function addressesIn(value: JsonValue | undefined, property: string): readonly NamedAddress[] | null {
  if (value === null || value === undefined) return null;
  if (!Array.isArray(value) || value.length > identityLimits.maxAddresses)
    throw invalid(property, `an array of at most ${identityLimits.maxAddresses} addresses is expected`);
  return (value as readonly JsonValue[]).map((one) => {
    if (!isJsonObject(one)) throw invalid(property, 'objects with name and email are expected');
    const [name, email] = [memberOf(one, 'name') ?? null, memberOf(one, 'email')];
    if (typeof email !== 'string' || !parseAddress(email, { smtputf8: true }).ok)
      throw invalid(property, 'an email is no address');
    return { name: name === null ? null : nameIn(name, property), email };
  });
}

function signatureIn(value: JsonValue | undefined, property: string): string {
  const { maxSignatureBytes } = identityLimits;
  if (typeof value !== 'string' || value.includes('\0') || new TextEncoder().encode(value).length > maxSignatureBytes)
    throw invalid(property, `a text of at most ${maxSignatureBytes} bytes is expected`);
  return value;
}

function invalid(property: string, reason: string): SetError {
  return new SetError('invalidProperties', `${property}: ${reason}`, [property]);
}
