import { Arguments, isJsonObject, jsonObject, MethodError, SetError, type JsonObject, type JsonValue } from '#lib/jmap';
import type { ParsedMdn } from '#lib/mdn';

/** URI of the capability for disposition notifications (RFC 9007 §1.3). */
export const mdnUri = 'urn:ietf:params:jmap:mdn';

/** A notification that a client has sent (RFC 9007 §2). */
export interface RequestedMdn extends Omit<ParsedMdn, 'hasOriginal'> {
  readonly forEmailId: string;
  readonly includeOriginalMessage: boolean;
  /** Names of the properties that the client gave. */
  readonly given: ReadonlySet<string>;
}

/** Bounds of what a client may put into a notification. */
const mdnLimits = { maxTextBytes: 64 * 1024, maxLineChars: 500, maxExtensions: 50 } as const;

const actionModes = ['manual-action', 'automatic-action'] as const;
const sendingModes = ['mdn-sent-manually', 'mdn-sent-automatically'] as const;
const types = ['deleted', 'dispatched', 'displayed', 'processed'] as const;

/** Reads an MDN object to send. @throws SetError invalidProperties. */
export function readMdn(value: JsonValue): RequestedMdn {
  if (!isJsonObject(value)) throw new SetError('invalidProperties', 'an object is expected');
  const args = new Arguments(value);
  try {
    const disposition = new Arguments(args.object('disposition'));
    const read = {
      forEmailId: args.text('forEmailId'),
      subject: line(args, 'subject'),
      text: args.text('textBody', null),
      includeOriginalMessage: args.boolean('includeOriginalMessage', false),
      reportingUA: line(args, 'reportingUA'),
      disposition: {
        actionMode: oneOf(disposition, 'actionMode', actionModes),
        sendingMode: oneOf(disposition, 'sendingMode', sendingModes),
        type: oneOf(disposition, 'type', types),
      },
      finalRecipient: line(args, 'finalRecipient'),
      extensionFields: extensionsIn(args.object('extensionFields', null) ?? {}),
    };
    disposition.end();
    args.end();
    if (new TextEncoder().encode(read.text ?? '').length > mdnLimits.maxTextBytes)
      throw invalid('textBody', `at most ${mdnLimits.maxTextBytes} bytes`);
    const set = { mdnGateway: null, originalRecipient: null, originalMessageId: null, error: [] };
    return { ...read, ...set, given: new Set(Object.keys(value)) };
  } catch (error) {
    if (!(error instanceof MethodError)) throw error;
    const names = error.response['arguments'];
    throw new SetError('invalidProperties', error.message, Array.isArray(names) ? names.map(String) : []);
  }
}

/** Returns a notification as JSON (RFC 9007 §2). @param options.without  Names of properties to leave out. */
export function mdnObject(
  mdn: Omit<ParsedMdn, 'hasOriginal'> & {
    readonly includeOriginalMessage: boolean;
    readonly forEmailId?: string | null;
  },
  { without }: { readonly without: ReadonlySet<string> },
): JsonObject {
  const { actionMode, sendingMode, type } = mdn.disposition;
  const all: readonly (readonly [string, JsonValue])[] = [
    ['forEmailId', mdn.forEmailId ?? null],
    ['subject', mdn.subject],
    ['textBody', mdn.text],
    ['includeOriginalMessage', mdn.includeOriginalMessage],
    ['reportingUA', mdn.reportingUA],
    ['disposition', { actionMode, sendingMode, type }],
    ['mdnGateway', mdn.mdnGateway],
    ['originalRecipient', mdn.originalRecipient],
    ['finalRecipient', mdn.finalRecipient],
    ['originalMessageId', mdn.originalMessageId],
    ['error', mdn.error.length === 0 ? null : [...mdn.error]],
    ['extensionFields', mdn.extensionFields.size === 0 ? null : jsonObject([...mdn.extensionFields])],
  ];
  return jsonObject(all.filter(([name]) => !without.has(name)));
}

function line(args: Arguments, name: string): string | null {
  const text = args.text(name, null);
  if (text !== null && (text.length > mdnLimits.maxLineChars || /\p{Cc}/u.test(text)))
    throw invalid(name, `a text of one line with at most ${mdnLimits.maxLineChars} characters is expected`);
  return text;
}

function oneOf<T extends string>(args: Arguments, name: string, words: readonly T[]): T {
  const given = args.text(name);
  const word = words.find((one) => one === given);
  if (word === undefined) throw invalid('disposition', `${name} is one of ${words.join(', ')}`);
  return word;
}

/** Names are those of header fields, none of the report's own; values are of one line. */
function extensionsIn(object: JsonObject): ReadonlyMap<string, string> {
  const fields = Object.entries(object);
  if (fields.length > mdnLimits.maxExtensions) throw invalid('extensionFields', `at most ${mdnLimits.maxExtensions}`);
  return new Map(
    fields.map(([name, value]) => {
      const isName = /^[!-9;-~]{1,76}$/.test(name) && !reserved.has(name.toLowerCase());
      const isValue =
        typeof value === 'string' && value.length <= mdnLimits.maxLineChars && !/[^\x20-\x7e]/.test(value);
      if (!isName || !isValue) throw invalid('extensionFields', 'names of fields and printable ASCII are expected');
      return [name, value];
    }),
  );
}

const reserved = new Set([
  'reporting-ua',
  'mdn-gateway',
  'original-recipient',
  'final-recipient',
  'original-message-id',
  'disposition',
  'error',
]);

function invalid(name: string, reason: string): SetError {
  return new SetError('invalidProperties', `${name}: ${reason}`, [name]);
}
