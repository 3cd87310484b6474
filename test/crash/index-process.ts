/** Feeds a search index until it is killed; prints the last document of each batch that was stored. Argument: path of the file. */
import { systemClock } from '#host/clock';
import { FileSearchIndexes } from '#host/search-index';
import { accountId } from '#lib/ids';
import { documentOf, removedWith } from './index-documents.ts';

const [path = ''] = process.argv.slice(2);
const index = new FileSearchIndexes({ pathOf: () => path, clock: systemClock }).index(accountId(1));
const batch = 20;

for (let last = (await index.position())?.lastId ?? 0; ; last += batch) {
  const added = Array.from({ length: batch }, (_, i) => documentOf(last + i + 1));
  const lastId = last + batch;
  const removed = Array.from({ length: batch }, (_, i) => last + i + 1).flatMap(removedWith);
  await index.write({ added, removed, position: { lastId, modSeq: lastId, stamp: '' } });
  process.stdout.write(`${lastId}\n`);
}
