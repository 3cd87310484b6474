import { showReply, type Reply } from '#lib/smtp';

type Entry = string | Reply;

/** Number of entries kept from the beginning and from the end. */
const maxFirst = 32;
const maxLast = 8;
const maxLineChars = 240;
/** Lines kept of one reply: a hostile server may send many long replies on many connections. */
const maxReplyLines = 16;

/** Abridged record of the commands and replies of a connection; the caller leaves out secrets and content. Bounded; formatted on request. */
export class Dialogue {
  #first: Entry[] = [];
  /** A ring; `#at` is where the oldest is once it is full. */
  #last: Entry[] = [];
  #at = 0;
  #omitted = 0;

  /** Adds a command or a reply. */
  note(given: Entry): void {
    const entry = typeof given === 'string' || given.lines.length <= maxReplyLines ? given : beginningOf(given);
    if (this.#first.length < maxFirst) this.#first.push(entry);
    else if (this.#last.length < maxLast) this.#last.push(entry);
    else {
      this.#last[this.#at] = entry;
      this.#at = (this.#at + 1) % maxLast;
      this.#omitted += 1;
    }
  }

  /** Returns the dialogue since the last call, as lines that begin with `> ` for ours and `< ` for the server's. */
  take(): string[] {
    const lines = this.#first.map(lineOf);
    if (this.#omitted > 0) lines.push(`(${this.#omitted} more)`);
    for (let i = 0; i < this.#last.length; i += 1) {
      const entry = this.#last[(this.#at + i) % this.#last.length];
      if (entry !== undefined) lines.push(lineOf(entry));
    }
    this.#first = [];
    this.#last = [];
    this.#at = 0;
    this.#omitted = 0;
    return lines;
  }
}

function beginningOf(reply: Reply): Reply {
  return { ...reply, lines: reply.lines.slice(0, maxReplyLines) };
}

function lineOf(entry: Entry): string {
  const line = typeof entry === 'string' ? `> ${entry}` : `< ${shown(entry)}`;
  return line.length > maxLineChars ? `${line.slice(0, maxLineChars - 1)}…` : line;
}

function shown(reply: Reply): string {
  // The challenges of a login are not shown.
  return reply.code === 334 ? '334' : showReply(reply);
}
