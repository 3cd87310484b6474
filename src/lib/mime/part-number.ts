import type { Part } from './part.ts';

/** A part with its IMAP part number (RFC 9051 §6.4.5.1); the root of a multipart message has the empty path. */
export interface NumberedPart {
  readonly path: readonly number[];
  readonly part: Part;
}

/**
 * Returns the part that IMAP's `n.n.n` names (RFC 9051 §6.4.5.1), null when there is none; the empty path is the root. A message that is
 * no multipart has itself as part 1, also inside message/rfc822, whose own number means the part with its MIME header.
 */
export function findPart(root: Part, path: readonly number[]): Part | null {
  if (path.length === 0) return root;
  let candidates = partsOfMessage(root);
  let found: Part | null = null;
  for (const number of path) {
    found = candidates[number - 1] ?? null;
    if (found === null) return null;
    candidates = partsInside(found);
  }
  return found;
}

/** Returns all parts in the order of the message, multiparts before their children; of an embedded multipart message only the parts inside. */
export function flattenParts(root: Part): Part[] {
  return numberParts(root).map(({ part }) => part);
}

/** Returns the parts of `flattenParts` with the numbers by which `findPart` finds them. */
export function numberParts(root: Part): NumberedPart[] {
  const out: NumberedPart[] = [];
  if (isMultipart(root)) out.push({ path: [], part: root });
  collect(partsOfMessage(root), [], out);
  return out;
}

function collect(parts: readonly Part[], prefix: readonly number[], out: NumberedPart[]): void {
  for (const [i, part] of parts.entries()) {
    const path = [...prefix, i + 1];
    out.push({ path, part });
    collect(partsInside(part), path, out);
  }
}

/** Reports whether the part has children. A multipart without any counts as a leaf, so that every message has a part 1. */
function isMultipart(part: Part): boolean {
  return part.parts.length > 0;
}

function partsOfMessage(root: Part): readonly Part[] {
  return isMultipart(root) ? root.parts : [root];
}

function partsInside(part: Part): readonly Part[] {
  return part.message === null ? part.parts : partsOfMessage(part.message.root);
}
