import type { ListedFields } from '#lib/message';
import { HeaderFacts, type Envelope, type Part } from '#lib/mime';
import { boundedTree } from './bounded-tree.ts';
import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import { DescriptionDamaged } from './damaged.ts';
import { descriptionLimits, type DescriptionLimits } from './limits.ts';
import { readPart, writePart } from './part-codec.ts';

/** First byte of an encoded description: how the others are to be read. */
const version = 1;
/** Bits of the second byte. */
const Flag = { IsPlain: 1 } as const;

/**
 * What lists, searches and readers of single parts need to know of a message, in no protocol's terms: the header fields that are listed, as they stand, what
 * they say (addresses, dates, identifiers), and the part tree with offsets, languages and dispositions. Each is read when it is first asked for.
 */
export class MessageDescription {
  readonly listed: ListedFields;
  readonly #facts: HeaderFacts;
  readonly #readRoot: () => Part;
  #root: Part | null = null;

  /** @param readRoot  Gives the part tree, at most once. */
  constructor(listed: ListedFields, readRoot: () => Part) {
    this.listed = listed;
    this.#facts = new HeaderFacts(listed);
    this.#readRoot = readRoot;
  }

  /** Addresses, date, subject and identifiers. */
  get envelope(): Envelope {
    return this.#facts.envelope;
  }

  /** Message-IDs of References, in order, with angle brackets. */
  get references(): readonly string[] {
    return this.#facts.references;
  }

  /** The message as a part. @throws DescriptionDamaged. */
  get root(): Part {
    return (this.#root ??= this.#readRoot());
  }
}

/** Room for the part tree of most messages. */
const usualTreeBytes = 256;

/**
 * Returns the listed fields and the part tree of a message as bytes, the fields as they stand in front. A tree of more than `maxTreeBytes` has its strings
 * cut and its lists shortened until it fits; offsets, sizes and encodings stay, so that every part can be read.
 */
export function encodeDescription(
  listed: ListedFields,
  root: Part,
  limits: DescriptionLimits = descriptionLimits,
): Uint8Array {
  const writer = new ByteWriter(listed.bytes.length + usualTreeBytes);
  writer.number(version).number(listed.isPlain ? Flag.IsPlain : 0);
  writer.number(listed.bytes.length).raw(listed.bytes);
  const start = writer.size;
  boundedTree(root, (tree) => {
    writer.cut(start);
    writePart(writer, tree, 0);
    return writer.size - start <= limits.maxTreeBytes;
  });
  return writer.view;
}

/**
 * Reads what `encodeDescription` wrote; the listed fields are a view of `bytes`.
 * @param shift  Length of what stands before the described bytes, and belongs to the header of the whole message: offsets of the part tree count from there.
 * @throws DescriptionDamaged at once, or, for a part tree, when it is asked for.
 */
export function decodeDescription(
  bytes: Uint8Array,
  shift: number,
  limits: DescriptionLimits = descriptionLimits,
): MessageDescription {
  const reader = new ByteReader(bytes);
  if (reader.number() !== version) throw new DescriptionDamaged('a description of an unknown version');
  const flags = reader.number();
  if (flags > Flag.IsPlain) throw new DescriptionDamaged('a description with unknown flags');
  const fields = reader.raw(reader.number());
  return new MessageDescription({ bytes: fields, isPlain: (flags & Flag.IsPlain) !== 0 }, () => {
    const tree = new ByteReader(bytes, reader.at);
    const root = readPart(tree, 0, shift, limits.maxDepth);
    if (tree.left > 0) throw new DescriptionDamaged('something follows a description');
    return { ...root, headerStart: 0 };
  });
}
