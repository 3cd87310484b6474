// The process that `integrity.ts` starts: prints what is damaged in the database file of its argument, as a JSON array of lines.
import { constants, setPriority } from 'node:os';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';

const maxLines = 100;

function damages(path) {
  const url = pathToFileURL(path);
  // No locks, no log: the server copies nothing to the file while it is read.
  url.searchParams.set('immutable', '1');
  try {
    const database = new DatabaseSync(url, { readOnly: true });
    const rows = database.prepare(`PRAGMA integrity_check(${maxLines})`).all();
    const lines = rows.map((row) => String(Object.values(row)[0]));
    return lines.length === 1 && lines[0] === 'ok' ? [] : lines;
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}

try {
  // The server, whose cores these are, goes first.
  setPriority(constants.priority.PRIORITY_LOW);
} catch {
  // Then not.
}
process.stdout.write(JSON.stringify(damages(process.argv[2] ?? '')));
