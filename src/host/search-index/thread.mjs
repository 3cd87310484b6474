// The thread of `FileSearchIndexes`: one job at a time on the index file of an account.
import { chmodSync, rmSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { parentPort } from 'node:worker_threads';

// A file of another form is dropped: the index is made anew.
const format = 1;
const chunkBytes = 64 * 1024;
// Words of one expression: FTS5 looks at all of them for each document.
const expressionWords = 64;
const fewDocuments = 1000;
// Words that were seen lately, which need no look into the table.
const rememberedWords = 20_000;
const keptLogBytes = 1024 * 1024;
const newLine = 10;
const suffixes = ['', '-wal', '-shm', '-journal'];

class IndexFile {
  constructor(path) {
    this.path = path;
    this.remembered = new Set();
    this.database = new DatabaseSync(path);
    try {
      this.open();
    } catch (error) {
      this.database.close();
      throw error;
    }
  }

  open() {
    const { database, path } = this;
    // Its folder is private in any case.
    chmodSync(path, 0o600);
    // The file is this thread's alone. After a power cut it may lack the last batches, never a part of one.
    database.exec(`PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA journal_size_limit=${keptLogBytes};
      PRAGMA synchronous=NORMAL; PRAGMA cache_size=-4000`);
    if (database.prepare('PRAGMA user_version').get().user_version !== format) {
      if (database.prepare('SELECT count(*) AS n FROM sqlite_schema').get().n > 0) throw damaged('it has another form');
      database.exec(`BEGIN;
        CREATE TABLE position (id INTEGER PRIMARY KEY, last_id INTEGER NOT NULL, modseq INTEGER NOT NULL, stamp TEXT NOT NULL) STRICT;
        CREATE TABLE word (text TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
        CREATE TABLE chunk (id INTEGER PRIMARY KEY, words BLOB NOT NULL) STRICT;
        CREATE TABLE opaque (id INTEGER PRIMARY KEY) STRICT;
        CREATE VIRTUAL TABLE doc USING fts5(words, tokenize='ascii', content='', contentless_delete=1, detail=none);
        PRAGMA user_version=${format};
        COMMIT`);
    }
    this.insertWord = database.prepare('INSERT OR IGNORE INTO word (text) VALUES (?)');
    this.insertDocument = database.prepare('INSERT OR REPLACE INTO doc (rowid, words) VALUES (?, ?)');
    this.deleteDocument = database.prepare('DELETE FROM doc WHERE rowid = ?');
    this.insertOpaque = database.prepare('INSERT OR IGNORE INTO opaque (id) VALUES (?)');
    this.deleteOpaque = database.prepare('DELETE FROM opaque WHERE id = ?');
    this.setPosition = database.prepare(
      'INSERT OR REPLACE INTO position (id, last_id, modseq, stamp) VALUES (1, ?, ?, ?)',
    );
    this.storeChunk = database.prepare('INSERT OR REPLACE INTO chunk (id, words) VALUES (?, ?)');
    const { insertWord, insertDocument, deleteDocument, insertOpaque, deleteOpaque, setPosition, storeChunk } = this;
    const writes = [insertWord, insertDocument, deleteDocument, insertOpaque, deleteOpaque, setPosition, storeChunk];
    // FTS5 leaves a last rowid beyond 2^53.
    for (const statement of writes) statement.setReadBigInts(true);
  }

  position() {
    const row = this.database.prepare('SELECT last_id, modseq, stamp FROM position').get();
    return row === undefined ? null : { lastId: row.last_id, modSeq: row.modseq, stamp: row.stamp };
  }

  write({ added, removed, position }) {
    const { database } = this;
    database.exec('BEGIN IMMEDIATE');
    try {
      const news = [];
      for (const { id, words } of added) {
        if (words === null) {
          this.insertOpaque.run(id);
          continue;
        }
        for (const word of words.split(' ')) if (this.isNew(word)) news.push(word);
        this.insertDocument.run(id, words);
      }
      this.appendWords(news);
      for (const id of removed) {
        this.deleteDocument.run(id);
        this.deleteOpaque.run(id);
      }
      this.setPosition.run(position.lastId, position.modSeq, position.stamp);
      database.exec('COMMIT');
    } catch (error) {
      // Words that were remembered are not stored.
      this.remembered.clear();
      if (database.isTransaction) database.exec('ROLLBACK');
      throw error;
    }
    return null;
  }

  isNew(word) {
    if (word === '' || this.remembered.has(word)) return false;
    if (this.remembered.size >= rememberedWords) this.remembered.clear();
    this.remembered.add(word);
    return this.insertWord.run(word).changes > 0n;
  }

  // All words stand in few rows, a line each, so that one search through them finds those with a piece of text.
  appendWords(words) {
    if (words.length === 0) return;
    const last = this.database.prepare('SELECT id, words FROM chunk ORDER BY id DESC LIMIT 1').get();
    let id = last?.id ?? 1;
    let bytes = Buffer.from(last?.words ?? '\n');
    let lines = '';
    const flush = () => {
      bytes = Buffer.concat([bytes, Buffer.from(lines)]);
      lines = '';
      this.storeChunk.run(id, bytes);
    };
    for (const word of words) {
      lines += `${word}\n`;
      if (bytes.length + lines.length < chunkBytes) continue;
      flush();
      id += 1;
      bytes = Buffer.from('\n');
    }
    if (lines !== '') flush();
  }

  find({ patterns, from, to, maxWords }) {
    const position = this.position();
    if (position === null) return null;
    const lists = this.wordsOf(patterns, maxWords).filter((words) => words !== null);
    const isSlow = lists.every((words) => words.length > expressionWords);
    // Few documents are looked at in less time.
    if (lists.length === 0 || (isSlow && to - from < fewDocuments)) return null;
    return { lastId: position.lastId, ids: this.withOpaque(this.idsOf(lists, from, to), from, to) };
  }

  idsOf(lists, from, to) {
    if (lists.some((words) => words.length === 0)) return new Float64Array(0);
    const short = lists.filter((words) => words.length <= expressionWords);
    let ids = null;
    if (short.length > 0) ids = this.matches(short.map(anyOf).join(' AND '), from, to);
    for (const words of lists) {
      if (words.length <= expressionWords || ids?.length === 0) continue;
      const found = new Set();
      for (let at = 0; at < words.length; at += expressionWords)
        for (const id of this.matches(anyOf(words.slice(at, at + expressionWords)), from, to)) found.add(id);
      ids = ids === null ? Float64Array.from(found).sort() : ids.filter((id) => found.has(id));
    }
    return ids;
  }

  // Documents whose words are not known may match.
  withOpaque(ids, from, to) {
    const rows = this.database.prepare('SELECT id FROM opaque WHERE id BETWEEN ? AND ?').all(from, to);
    return rows.length === 0 ? ids : Float64Array.from([...ids, ...rows.map(({ id }) => id)]).sort();
  }

  // For each pattern the words that it stands for; null when they are too many.
  wordsOf(patterns, maxWords) {
    const lists = patterns.map(({ kind, text }) => (kind === 'whole' ? [text] : []));
    const needles = patterns.map(({ kind, text }) =>
      kind === 'whole' ? null : Buffer.from(`${kind === 'beginning' ? '\n' : ''}${text}${kind === 'end' ? '\n' : ''}`),
    );
    if (needles.every((needle) => needle === null)) return lists;
    for (const { words } of this.database.prepare('SELECT words FROM chunk ORDER BY id').iterate()) {
      const bytes = Buffer.from(words.buffer, words.byteOffset, words.byteLength);
      for (const [i, needle] of needles.entries()) {
        if (needle === null || lists[i] === null) continue;
        for (let at = bytes.indexOf(needle); at >= 0;) {
          const start = bytes[at] === newLine ? at + 1 : bytes.lastIndexOf(newLine, at) + 1;
          const end = bytes.indexOf(newLine, start);
          lists[i].push(bytes.toString('utf8', start, end));
          // The line end belongs to the next word as well.
          at = bytes.indexOf(needle, end);
        }
        if (lists[i].length > maxWords) lists[i] = null;
      }
    }
    return lists;
  }

  matches(expression, from, to) {
    // One long text is several times faster than a row for each document.
    const row = this.database
      .prepare('SELECT group_concat(rowid) AS ids FROM doc WHERE doc MATCH ? AND rowid BETWEEN ? AND ?')
      .get(expression, from, to);
    return row.ids === null ? new Float64Array(0) : Float64Array.from(String(row.ids).split(','), Number);
  }

  facts() {
    if (this.position() === null) return null;
    const { documents } = this.database.prepare('SELECT count(*) AS documents FROM doc_docsize').get();
    return { documents, sizeBytes: suffixes.reduce((sum, suffix) => sum + sizeOf(this.path + suffix), 0) };
  }

  close() {
    this.database.close();
  }
}

function anyOf(words) {
  return `(${words.map((word) => `"${word}"`).join(' OR ')})`;
}

function sizeOf(path) {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function damaged(reason) {
  return Object.assign(new Error(reason), { errcode: 26 });
}

// SQLITE_CORRUPT and SQLITE_NOTADB, with their extended codes.
function isDamage(error) {
  const code = (error?.errcode ?? 0) & 0xff;
  return code === 11 || code === 26;
}

const open = new Map();

function fileAt(path, maxOpen) {
  const known = open.get(path);
  if (known !== undefined) {
    // The one that was used last comes last.
    open.delete(path);
    open.set(path, known);
    return known;
  }
  for (const [oldest, file] of open) {
    if (open.size < maxOpen) break;
    open.delete(oldest);
    file.close();
  }
  const file = new IndexFile(path);
  open.set(path, file);
  return file;
}

function drop(path) {
  try {
    open.get(path)?.close();
  } catch {
    // It is damaged.
  }
  open.delete(path);
  for (const suffix of suffixes) rmSync(path + suffix, { force: true });
}

function run({ path, kind, maxOpen, ...job }) {
  if (kind === 'drop') {
    drop(path);
    return { value: null };
  }
  if (kind === 'close') {
    for (const file of open.values()) file.close();
    open.clear();
    return { value: null };
  }
  // A look at an index makes no file.
  if (kind !== 'write' && !open.has(path) && sizeOf(path) === 0) return { value: null };
  try {
    return { value: fileAt(path, maxOpen)[kind](job) };
  } catch (error) {
    if (!isDamage(error)) throw error;
    drop(path);
    return { value: null, damage: error.message };
  }
}

function answer(job) {
  try {
    return { result: run(job) };
  } catch (error) {
    return { failure: error instanceof Error ? error.message : String(error) };
  }
}

parentPort?.on('message', ({ id, job }) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  parentPort?.postMessage({ id, ...answer(job) });
});
