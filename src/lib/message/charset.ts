import { textOf } from './header.ts';

/** Text of `bytes` in a charset named by a message; an unknown charset is read as UTF-8 where valid, else windows-1252. */
export function decodeCharset(bytes: Uint8Array, charset: string): string {
  try {
    return new TextDecoder(charset).decode(bytes);
  } catch {
    return textOf(bytes);
  }
}
