import { encodeModifiedUtf7 } from '#lib/codecs';
import type { StatusItem } from './command.ts';
import type { TextOptions } from './quoted.ts';
import type { ResponseWriter } from './response-writer.ts';

/** Writes a mailbox name: modified UTF-7, or UTF-8 where that is enabled (RFC 9051 §5.1, RFC 6855 §3). */
export function writeMailboxName(writer: ResponseWriter, name: string, options: TextOptions): void {
  writer.astring(options.utf8 ? name : encodeModifiedUtf7(name), options);
}

/** One line of LIST or LSUB (RFC 9051 §7.3.1). */
export interface ListLine {
  /** With backslashes, as they are sent. */
  readonly attributes: readonly string[];
  /** Null (NIL) for a flat name. */
  readonly separator: string | null;
  readonly name: string;
  /** CHILDINFO for RECURSIVEMATCH (RFC 9051 §6.3.9.6): `SUBSCRIBED` and the like; none is written when empty. */
  readonly childInfo?: readonly string[];
  /** OLDNAME (RFC 9051 §6.3.9.7); null or absent when there is none. */
  readonly oldName?: string | null;
}

/** Writes `* LIST …` (RFC 9051 §7.3.1) or `* LSUB …` (RFC 3501 §7.2.3) with its CRLF. */
export function writeList(
  writer: ResponseWriter,
  line: ListLine,
  options: TextOptions,
  response: 'LIST' | 'LSUB' = 'LIST',
): void {
  writer
    .ascii(`* ${response} (${line.attributes.join(' ')}) `)
    .nstring(line.separator, options)
    .ascii(' ');
  writeMailboxName(writer, line.name, options);
  const { childInfo = [], oldName = null } = line;
  if (childInfo.length > 0 || oldName !== null) {
    writer.ascii(' (');
    if (childInfo.length > 0) writer.ascii(`"CHILDINFO" (${childInfo.map((option) => `"${option}"`).join(' ')})`);
    if (oldName !== null) {
      writer.ascii(childInfo.length > 0 ? ' "OLDNAME" (' : '"OLDNAME" (');
      writeMailboxName(writer, oldName, options);
      writer.ascii(')');
    }
    writer.ascii(')');
  }
  writer.crlf();
}

const statusNames: Readonly<Record<StatusItem, string>> = {
  messages: 'MESSAGES',
  recent: 'RECENT',
  uidNext: 'UIDNEXT',
  uidValidity: 'UIDVALIDITY',
  unseen: 'UNSEEN',
  deleted: 'DELETED',
  size: 'SIZE',
  appendLimit: 'APPENDLIMIT',
  highestModSeq: 'HIGHESTMODSEQ',
};

/** Writes `* STATUS …` with its CRLF (RFC 9051 §7.3.3); a value is null for NIL, as APPENDLIMIT may be (RFC 7889 §4). */
export function writeStatus(
  writer: ResponseWriter,
  name: string,
  values: readonly (readonly [StatusItem, number | null])[],
  options: TextOptions,
): void {
  writer.ascii('* STATUS ');
  writeMailboxName(writer, name, options);
  writer.ascii(' (');
  values.forEach(([item, value], i) => {
    writer.ascii(`${i === 0 ? '' : ' '}${statusNames[item]} `);
    if (value === null) writer.ascii('NIL');
    else writer.number(value);
  });
  writer.ascii(')').crlf();
}

/** One namespace (RFC 9051 §7.3.2): a prefix, and the separator of names in it, null when flat. */
export interface Namespace {
  readonly prefix: string;
  readonly separator: string | null;
}

/** Writes `* NAMESPACE …` with its CRLF (RFC 9051 §7.3.2); an empty list is NIL. */
export function writeNamespace(
  writer: ResponseWriter,
  namespaces: {
    readonly personal: readonly Namespace[];
    readonly otherUsers: readonly Namespace[];
    readonly shared: readonly Namespace[];
  },
  options: TextOptions,
): void {
  writer.ascii('* NAMESPACE');
  for (const list of [namespaces.personal, namespaces.otherUsers, namespaces.shared]) {
    writer.ascii(list.length === 0 ? ' NIL' : ' (');
    for (const { prefix, separator } of list) {
      writer.ascii('(').quoted(options.utf8 ? prefix : encodeModifiedUtf7(prefix), options);
      writer.ascii(' ').nstring(separator, options).ascii(')');
    }
    if (list.length > 0) writer.ascii(')');
  }
  writer.crlf();
}
