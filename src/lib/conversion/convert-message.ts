import { joinBytes } from '#lib/codecs';
import { MimeIndexer } from '#lib/mime';
import { MessageConverter } from './message-converter.ts';
import type { ConversionOptions } from './plan.ts';
import { ConversionPlanner } from './planner.ts';

/** Converts a whole message in memory. Returns the same octets when no change was needed. */
export function convertMessage(message: Uint8Array, options: ConversionOptions = {}): Uint8Array {
  const indexer = new MimeIndexer();
  indexer.push(message);
  const planner = new ConversionPlanner(indexer.finish(), options);
  planner.push(message);
  const converter = new MessageConverter(planner.finish());
  return joinBytes([...converter.push(message), ...converter.finish()]);
}
