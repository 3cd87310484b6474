import type { ImapEvent } from '#lib/imap';

type TooBig = Extract<ImapEvent, { kind: 'tooBig' }>;

/** Returns the text that names the limit that a command exceeded, with its unit. */
export function tooBigText({ what, limit }: Pick<TooBig, 'what' | 'limit'>): string {
  switch (what) {
    case 'literals':
      return `literals of one command larger than ${limit} bytes`;
    case 'literalCount':
      return `more than ${limit} literals in one command`;
    case 'line':
    case 'literal':
    case 'message':
      return `${what} larger than ${limit} bytes`;
  }
}
