/**
 * The `SearchIndexes` port with SQLite's FTS5: a file for each account, beside its database, read and written by a thread of its own.
 * Documents are lists of whole words, and a list of all different words stands beside them: a piece of text is first looked for there. So an index is a third
 * of the size of one of trigrams, and text of three common letters is found no less exactly.
 * Invariants: a batch and its position are one transaction; a file that is damaged or of another form is dropped, and the condition noted.
 */
export { FileSearchIndexes } from './file-search-indexes.ts';
export { searchIndexLimits } from './limits.ts';
