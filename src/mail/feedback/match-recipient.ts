import { parseAddress, writeAddress } from '#lib/address';
import { parseXtext } from '#lib/codecs';
import type { ParsedDsnRecipient } from '#lib/dsn';
import type { TriedRecipient } from '#mail/queue';

/** Finds the recipients that reports are about, by address. Linear in both; of several messages, the first one's recipient counts. */
export class RecipientMatcher {
  readonly #byAddress = new Map<string, TriedRecipient>();
  readonly #byOrcpt = new Map<string, TriedRecipient>();

  constructor(recipients: readonly TriedRecipient[]) {
    for (const recipient of recipients) {
      const { address, orcpt } = recipient;
      putFirst(this.#byAddress, addressKey(address), recipient);
      if (orcpt !== null) putFirst(this.#byOrcpt, orcptKey(orcpt), recipient);
    }
  }

  /** The recipient that a report names as the one that we wrote to, or as the one that it became; null for strangers. */
  find({ originalRecipient, finalRecipient }: ParsedDsnRecipient): TriedRecipient | null {
    const original = originalRecipient === null ? null : addressKey(originalRecipient);
    // RFC 3461 §5.2: the original recipient is what we said in ORCPT, else the address that we gave.
    const named = original === null ? undefined : (this.#byOrcpt.get(original) ?? this.#byAddress.get(original));
    return named ?? this.#byAddress.get(addressKey(finalRecipient)) ?? null;
  }
}

function putFirst(map: Map<string, TriedRecipient>, key: string, recipient: TriedRecipient): void {
  if (!map.has(key)) map.set(key, recipient);
}

/** Case is folded: reporting servers change it, and no two people differ by it alone. */
function addressKey(text: string): string {
  const address = parseAddress(text);
  return (address.ok ? writeAddress(address.value) : text).toLowerCase();
}

function orcptKey(orcpt: string): string {
  const address = orcpt.slice(orcpt.indexOf(';') + 1);
  const decoded = parseXtext(address);
  return addressKey(decoded.ok ? decoded.value : address);
}
