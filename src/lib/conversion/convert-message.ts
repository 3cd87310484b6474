import { MimeIndexer } from '#lib/mime';
import { MessageConverter } from './message-converter.ts';
import type { ConversionOptions } from './plan.ts';
import { ConversionPlanner } from './planner.ts';

/** Converts a whole message in memory; the same octets when nothing was to be done. */
export function convertMessage(message: Uint8Array, options: ConversionOptions = {}): Uint8Array {
  const indexer = new MimeIndexer();
  indexer.push(message);
  const planner = new ConversionPlanner(indexer.finish(), options);
  planner.push(message);
  const converter = new MessageConverter(planner.finish());
  const pieces = [...converter.push(message), ...converter.finish()];
  const [only] = pieces;
  if (only !== undefined && pieces.length === 1) return only;
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}
