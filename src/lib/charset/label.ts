import type { Brand } from '#lib/ids';
import { codePages } from './code-pages.ts';

/** Canonical name of a charset that `decode` knows: lower case, as in WHATWG Encoding, so that `iso-8859-1` is `windows-1252`. */
export type Charset = Brand<string, 'Charset'>;

/** UTF-7 (RFC 2152), which WHATWG Encoding refuses for browsers' sake and some old mail needs. */
export const utf7 = 'utf-7' as Charset;

// Labels seen in mail that WHATWG Encoding does not list.
const aliases: ReadonlyMap<string, string> = new Map([
  ['8bit', 'windows-1252'],
  ['ansi', 'windows-1252'],
  ['cp367', 'windows-1252'],
  ['cp932', 'shift_jis'],
  ['cp936', 'gbk'],
  ['cp949', 'euc-kr'],
  ['cp950', 'big5'],
  ['euc_jp', 'euc-jp'],
  ['iso8859_1', 'windows-1252'],
  ['latin-1', 'windows-1252'],
  ['unicode-1-1-utf-7', 'utf-7'],
  ['utf7', 'utf-7'],
  ['utf8mb4', 'utf-8'],
  ['utf_8', 'utf-8'],
]);

// Cache of known labels; bounded, because there are only some hundreds.
const known = new Map<string, Charset>();

/** Returns the charset that a label of a message names, in any case (RFC 2046 §4.1.2), ignoring quotes and spaces around it; null for unknown labels. */
export function normalizeCharset(label: string): Charset | null {
  if (label.length > 64) return null;
  const wanted = label.replace(/^[\s"']+|[\s"']+$/g, '').toLowerCase();
  const cached = known.get(wanted);
  if (cached !== undefined) return cached;
  const name = aliases.get(wanted) ?? wanted;
  const charset = name === utf7 ? utf7 : (codePage(name) ?? whatwgName(name));
  if (charset !== null) known.set(wanted, charset);
  return charset;
}

function codePage(name: string): Charset | null {
  const digits = /^(?:cs)?(?:cp|ibm|pc|dos|oem)?-?([0-9]{3})(?:multilingual|latin2)?$/.exec(name)?.[1];
  return digits !== undefined && codePages.has(`cp${digits}`) ? (`cp${digits}` as Charset) : null;
}

function whatwgName(name: string): Charset | null {
  try {
    return new TextDecoder(name).encoding as Charset;
  } catch {
    return null;
  }
}
