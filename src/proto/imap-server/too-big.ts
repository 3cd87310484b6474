import type { ImapEvent } from '#lib/imap';

type TooBig = Extract<ImapEvent, { kind: 'tooBig' }>;

/** Says which limit a command passed, with its unit. */
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
