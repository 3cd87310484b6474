import { searchIndexContract } from '#ports/search-index.contract';
import { MemorySearchIndexes } from './memory-search-indexes.ts';

searchIndexContract('MemorySearchIndexes', () => Promise.resolve(new MemorySearchIndexes()));
