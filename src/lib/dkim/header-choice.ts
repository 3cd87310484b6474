import type { FieldsByName } from './header-input.ts';

/**
 * Fields to sign where a message has them, every instance: those that people see, that threads and lists depend on, and that determine the
 * display of the body (RFC 6376 §5.4.1). Fields that relays add or change are left out.
 */
export const recommendedHeaders: readonly string[] = [
  'from',
  'to',
  'cc',
  'subject',
  'date',
  'message-id',
  'reply-to',
  'sender',
  'in-reply-to',
  'references',
  'mime-version',
  'content-type',
  'content-transfer-encoding',
  'content-disposition',
  'auto-submitted',
  'resent-date',
  'resent-from',
  'resent-to',
  'resent-cc',
  'resent-message-id',
  'list-id',
  'list-help',
  'list-unsubscribe',
  'list-unsubscribe-post',
  'list-subscribe',
  'list-post',
  'list-owner',
  'list-archive',
];

/**
 * Fields that no relay needs to add: their names are signed once more than they occur, so that an added field breaks the signature
 * (RFC 6376 §5.4, §8.15).
 */
export const recommendedSeals: readonly string[] = [
  'from',
  'to',
  'cc',
  'subject',
  'date',
  'message-id',
  'reply-to',
  'in-reply-to',
  'references',
  'content-type',
];

/**
 * Returns the names for `h=`: each of `headers` as often as it occurs, and those of `seals` once more.
 * @returns null when there are more than `maxNames`, because a signature without some of them would cover less than it seems to.
 */
export function chooseHeaders(
  fields: FieldsByName,
  headers: readonly string[],
  seals: readonly string[],
  maxNames: number,
): string[] | null {
  const sealed = new Set(seals.map((name) => name.toLowerCase()));
  // RFC 6376 §5.4: From MUST be signed, regardless of the configuration.
  const names = new Set(['from', ...headers.map((name) => name.toLowerCase()), ...sealed]);
  const chosen: string[] = [];
  for (const name of names) {
    const count = fields.count(name) + (sealed.has(name) ? 1 : 0);
    if (chosen.length + count > maxNames) return null;
    for (let i = 0; i < count; i++) chosen.push(name);
  }
  return chosen;
}
