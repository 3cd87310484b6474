import { parseDomain } from '#lib/domain';

/** A domain as it is compared: A-labels in lower case; what is none, such as an address literal, in lower case. */
export function comparableDomain(text: string): string {
  if (text.startsWith('[')) return text.toLowerCase();
  const parsed = parseDomain(text);
  return parsed.ok ? parsed.value.ascii : text.toLowerCase();
}

/** Domains, some with everything below them. Asking takes time by the labels of the domain, however many there are. */
export class DomainPattern {
  readonly #exact = new Set<string>();
  readonly #suffixes = new Set<string>();
  /** As written. */
  readonly texts: readonly string[];

  /** @param texts  `example.org`, or `.example.org` for it and all below it; none at all match any domain. */
  constructor(texts: readonly string[]) {
    this.texts = texts;
    for (const text of texts) {
      if (text.startsWith('.')) this.#suffixes.add(comparableDomain(text.slice(1)));
      else this.#exact.add(comparableDomain(text));
    }
  }

  /** @param domain  A comparable domain; null, such as of the null reverse-path, matches only where any does. */
  matches(domain: string | null): boolean {
    if (this.texts.length === 0) return true;
    if (domain === null) return false;
    if (this.#exact.has(domain)) return true;
    if (this.#suffixes.size === 0 || domain.startsWith('[')) return false;
    for (let at = 0; ;) {
      if (this.#suffixes.has(domain.slice(at))) return true;
      const dot = domain.indexOf('.', at);
      if (dot < 0) return false;
      at = dot + 1;
    }
  }
}
