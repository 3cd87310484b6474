import { createHash } from 'node:crypto';
import { parseAddress, writeAddress, type Address } from '#lib/address';
import type { JsonObject, JsonValue } from '#lib/jmap';
import type { Identity, IdentityProperties, NamedAddress } from '#mail/identities';
import { identityIds } from './ids.ts';
import type { ConfiguredSender } from './sending.ts';

/** An identity as clients see it. */
export interface ShownIdentity extends IdentityProperties {
  readonly id: string;
  readonly email: string;
  /** Configured address that it belongs to; null for one that the user made. */
  readonly address: string | null;
  /** Row that has it; null for one that nothing was changed of. */
  readonly row: Identity | null;
}

/** Properties of an identity (RFC 8621 §6). */
export const identityProperties = [
  'id',
  'name',
  'email',
  'replyTo',
  'bcc',
  'textSignature',
  'htmlSignature',
  'mayDelete',
];

/** The identities of an account: one for each configured address, which needs no row, and those that the user made. */
export class IdentityList {
  readonly #sender: ConfiguredSender;
  readonly #rows: readonly Identity[];

  constructor(sender: ConfiguredSender, rows: readonly Identity[]) {
    this.#sender = sender;
    this.#rows = rows;
  }

  /** MODSEQ of the last change by the user, and a digest of the configuration: changes of that are in no log. */
  get state(): string {
    const modSeq = Math.max(0, ...this.#rows.map((row) => row.modSeq));
    return `${modSeq}-${this.#digest}`;
  }

  get all(): readonly ShownIdentity[] {
    const byAddress = new Map(this.#rows.map((row) => [row.address, row]));
    const own = this.#sender.addresses.map((address): ShownIdentity => {
      const row = byAddress.get(address) ?? null;
      const { name, replyTo, bcc, textSignature, htmlSignature } = row ?? {
        name: this.#sender.fullName,
        replyTo: null,
        bcc: null,
        textSignature: '',
        htmlSignature: '',
      };
      const email = emailOf(address);
      return { id: idOfAddress(address), email, address, row, name, replyTo, bcc, textSignature, htmlSignature };
    });
    const made = this.#rows
      .filter(({ address, isGone }) => address === null && !isGone)
      .map((row): ShownIdentity => ({ ...row, id: identityIds.write(row.id), address: null, row }));
    return [...own, ...made];
  }

  /** Returns the ids that changed after a state; null for a state of another configuration, or none that ever was. */
  changesSince(
    state: string,
  ): { readonly created: string[]; readonly updated: string[]; readonly destroyed: string[] } | null {
    const [, modSeq, digest] = /^(0|[1-9]\d{0,15})-([0-9a-f]{16})$/.exec(state) ?? [];
    const since = Number(modSeq);
    if (digest !== this.#digest || since > Number(this.state.split('-')[0])) return null;
    const changed = this.#rows.filter((row) => row.modSeq > since);
    const made = changed.filter(({ address }) => address === null);
    const shown = new Set(this.#sender.addresses);
    const changedOwn = changed.flatMap(({ address }) =>
      address !== null && shown.has(address) ? [idOfAddress(address)] : [],
    );
    const idsOf = (rows: readonly Identity[]): string[] => rows.map(({ id }) => identityIds.write(id));
    return {
      created: idsOf(made.filter(({ createModSeq, isGone }) => createModSeq > since && !isGone)),
      updated: [...changedOwn, ...idsOf(made.filter(({ createModSeq, isGone }) => createModSeq <= since && !isGone))],
      destroyed: idsOf(made.filter(({ createModSeq, isGone }) => createModSeq <= since && isGone)),
    };
  }

  get #digest(): string {
    const { fullName, addresses } = this.#sender;
    return digestOf(JSON.stringify([fullName, addresses]));
  }
}

/** Returns the identity as JSON. */
export function identityObject(identity: ShownIdentity): JsonObject {
  const { id, name, email, replyTo, bcc, textSignature, htmlSignature, address } = identity;
  return {
    id,
    name,
    email,
    replyTo: addressesJson(replyTo),
    bcc: addressesJson(bcc),
    textSignature,
    htmlSignature,
    mayDelete: address === null,
  };
}

/** Reports whether an identity is for an address: its own, or any of the domain of `*@example.org`. */
export function isForAddress({ email }: Pick<ShownIdentity, 'email'>, address: Address): boolean {
  const own = parseAddress(email, { smtputf8: true });
  if (!own.ok) return false;
  const [mine, its] = [own.value, address].map((one) => writeAddress(one, 'ascii').toLowerCase());
  const domainOf = (text = ''): string => text.slice(text.lastIndexOf('@'));
  return mine === its || (own.value.localpart === '*' && domainOf(mine) === domainOf(its));
}

function addressesJson(addresses: readonly NamedAddress[] | null): JsonValue {
  return addresses === null ? null : addresses.map(({ name, email }) => ({ name, email }));
}

/** RFC 8621 §6: all others of a domain are written with an asterisk. */
function emailOf(address: string): string {
  return address.startsWith('@') ? `*${address}` : address;
}

function idOfAddress(address: string): string {
  return `D${digestOf(address)}`;
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
