import { SetError } from '#lib/jmap';

/** Properties that an error names; a client that sends more wrong ones learns of the others later. */
const maxNamed = 100;
const maxNameChars = 100;

/** Collects the properties of a new object that are invalid, so that the client learns of all at once (RFC 8620 §5.3). */
export class InvalidProperties {
  readonly #found = new Map<string, string>();

  /** Records a property. @param path  Its name; of one within others, their names and its own with slashes between them. */
  add(path: string, reason: string): void {
    const name = path.slice(0, maxNameChars);
    if (this.#found.size < maxNamed && !this.#found.has(name)) this.#found.set(name, reason);
  }

  /** @throws SetError when a property was recorded. */
  refuse(): void {
    const [first] = this.#found;
    if (first === undefined) return;
    throw new SetError('invalidProperties', `${first[0]}: ${first[1]}`, [...this.#found.keys()]);
  }
}
