import type { ResponseWriter } from './response-writer.ts';

/** Codes without arguments (RFC 9051 §7.1, RFC 7162 §7, RFC 6154 §6, RFC 7889 §4, RFC 3516 §7). */
export type PlainCode =
  | 'ALERT'
  | 'ALREADYEXISTS'
  | 'AUTHENTICATIONFAILED'
  | 'AUTHORIZATIONFAILED'
  | 'CANNOT'
  | 'CLIENTBUG'
  | 'CLOSED'
  | 'CONTACTADMIN'
  | 'CORRUPTION'
  | 'EXPIRED'
  | 'EXPUNGEISSUED'
  | 'HASCHILDREN'
  | 'INUSE'
  | 'LIMIT'
  | 'NOMODSEQ'
  | 'NONEXISTENT'
  | 'NOPERM'
  | 'NOTSAVED'
  | 'OVERQUOTA'
  | 'PARSE'
  | 'PRIVACYREQUIRED'
  | 'READ-ONLY'
  | 'READ-WRITE'
  | 'SERVERBUG'
  | 'TOOBIG'
  | 'TRYCREATE'
  | 'UIDNOTSTICKY'
  | 'UNAVAILABLE'
  | 'UNKNOWN-CTE'
  | 'USEATTR';

/** What stands in brackets before a status response's text. */
export type ResponseCode =
  | { readonly kind: 'plain'; readonly code: PlainCode }
  | { readonly kind: 'capability'; readonly capabilities: readonly string[] }
  | { readonly kind: 'badCharset'; readonly charsets: readonly string[] }
  /** Flags as they are sent, `\*` among them. */
  | { readonly kind: 'permanentFlags'; readonly flags: readonly string[] }
  | { readonly kind: 'uidNext' | 'uidValidity' | 'unseen' | 'highestModSeq'; readonly value: number }
  /** `uids` is a sequence set as text, from `writeSequenceSet`. */
  | { readonly kind: 'appendUid'; readonly uidValidity: number; readonly uids: string }
  | { readonly kind: 'copyUid'; readonly uidValidity: number; readonly from: string; readonly to: string }
  /** RFC 7162 §3.1.3; a sequence set as text. */
  | { readonly kind: 'modified'; readonly set: string };

const numberCodes = {
  uidNext: 'UIDNEXT ',
  uidValidity: 'UIDVALIDITY ',
  unseen: 'UNSEEN ',
  highestModSeq: 'HIGHESTMODSEQ ',
} as const;

/** Writes a code without its brackets. */
export function writeResponseCode(writer: ResponseWriter, code: ResponseCode): void {
  switch (code.kind) {
    case 'plain':
      writer.ascii(code.code);
      break;
    case 'capability':
      writer.ascii(`CAPABILITY ${code.capabilities.join(' ')}`);
      break;
    case 'badCharset':
      writer.ascii(code.charsets.length === 0 ? 'BADCHARSET' : `BADCHARSET (${code.charsets.join(' ')})`);
      break;
    case 'permanentFlags':
      writer.ascii(`PERMANENTFLAGS (${code.flags.join(' ')})`);
      break;
    case 'uidNext':
    case 'uidValidity':
    case 'unseen':
    case 'highestModSeq':
      writer.ascii(numberCodes[code.kind]).number(code.value);
      break;
    case 'appendUid':
      writer.ascii(`APPENDUID ${code.uidValidity} ${code.uids}`);
      break;
    case 'copyUid':
      writer.ascii(`COPYUID ${code.uidValidity} ${code.from} ${code.to}`);
      break;
    case 'modified':
      writer.ascii(`MODIFIED ${code.set}`);
      break;
  }
}

/** The conditions of status responses (RFC 9051 §7.1). */
export type Condition = 'OK' | 'NO' | 'BAD' | 'BYE' | 'PREAUTH';

/**
 * Writes a whole status response with its CRLF. Control characters in `text` become spaces and it is never empty;
 * `text` should be ASCII unless UTF-8 was enabled.
 * @param tag  The command's tag, or `*`.
 */
export function writeStatusResponse(
  writer: ResponseWriter,
  tag: string,
  condition: Condition,
  code: ResponseCode | null,
  text: string,
): void {
  writer.ascii(`${tag} ${condition} `);
  if (code !== null) {
    writer.ascii('[');
    writeResponseCode(writer, code);
    writer.ascii('] ');
  }
  // Without a code, a text that starts with a bracket would be read as one (RFC 9051 §9, resp-text).
  const start = code === null && text.startsWith('[') ? ' ' : '';
  writer.utf8(`${start}${text.replaceAll(/\p{Cc}/gu, ' ') || '-'}`).crlf();
}

/** Writes a continuation request with its CRLF (RFC 9051 §7.6). `text` is human text or a challenge in base64; it may be empty. */
export function writeContinuation(writer: ResponseWriter, text: string): void {
  writer.ascii(`+ ${text}`).crlf();
}
