import { ConfigError, type ConfigFile } from './document.ts';

/**
 * Decodes a configuration file as UTF-8, without its byte order mark.
 * @throws ConfigError with the position of the first byte that is not valid UTF-8.
 */
export function decodeConfigFile(file: string, bytes: Uint8Array): ConfigFile {
  try {
    return { file, text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch (cause) {
    const { line, column, byte } = firstMalformed(bytes);
    const place = { kind: 'file', file, line, column, path: '' } as const;
    const reason = `not UTF-8 text: byte 0x${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    throw new ConfigError([{ place, reason, fix: 'Save the file as UTF-8' }], { cause });
  }
}

/** Finds the first byte that is not part of a UTF-8 character; the caller knows that there is one. */
function firstMalformed(bytes: Uint8Array): { readonly line: number; readonly column: number; readonly byte: number } {
  const encoder = new TextEncoder();
  let [at, line, column] = [0, 1, 1];
  // Malformed sequences decode as U+FFFD, so the text re-encodes to the bytes of the file up to the first one.
  for (const character of new TextDecoder('utf-8').decode(bytes)) {
    if (at === 0 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) at = 3;
    const encoded = encoder.encode(character);
    if (encoded.some((byte, i) => bytes[at + i] !== byte)) break;
    at += encoded.length;
    if (character === '\n') [line, column] = [line + 1, 1];
    else column += character.length;
  }
  return { line, column, byte: bytes[at] ?? 0 };
}
