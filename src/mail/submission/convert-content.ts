import { ContentScan, ConversionPlanner, MessageConverter } from '#lib/conversion';
import { MimeIndexer } from '#lib/mime';

/** A message that can be read several times, in chunks of bounded size. */
export interface ReadableContent {
  stream(): AsyncIterable<Uint8Array>;
}

/** Options of `convertContent`. */
export interface ConversionTarget {
  /** It will travel with SMTPUTF8, of which 8BITMIME is a part (RFC 6531 §3.1): octets over 127 stay. */
  readonly keepEightBit: boolean;
  /** Takes the converted message in pieces. */
  readonly write: (piece: Uint8Array) => Promise<void> | null;
}

/**
 * Converts a message into the form that every host takes, in three passes over it: its structure, its bodies, the result. Memory holds no
 * body. @returns what is true of the result: signed parts are not converted, and may keep octets over 127.
 */
export async function convertContent(
  content: ReadableContent,
  { keepEightBit, write }: ConversionTarget,
): Promise<ContentScan> {
  const indexer = new MimeIndexer();
  for await (const chunk of content.stream()) indexer.push(chunk);
  const planner = new ConversionPlanner(indexer.finish(), { keepEightBit });
  for await (const chunk of content.stream()) planner.push(chunk);
  const converter = new MessageConverter(planner.finish());
  const scan = new ContentScan();
  const give = async (pieces: readonly Uint8Array[]): Promise<void> => {
    for (const piece of pieces) {
      scan.push(piece);
      const written = write(piece);
      if (written !== null) await written;
    }
  };
  for await (const chunk of content.stream()) await give(converter.push(chunk));
  await give(converter.finish());
  return scan;
}
