/** `node tools/write-protocols.ts`: makes docs/protocols.md anew. */
import { readFileSync, writeFileSync } from 'node:fs';
import { protocolsDocument, titlesIn } from './protocols.ts';
import { root, sourceFiles } from './source-files.ts';

const place = `${root}docs/protocols.md`;
writeFileSync(place, protocolsDocument(sourceFiles(['src']), titlesIn(readFileSync(place, 'utf8'))));
