import type { FetchItem } from '#lib/imap';
import type { RowColumns } from '../selected-mailbox.ts';

/** Plan of a FETCH: the data that it needs of each message. */
export interface FetchPlan {
  readonly items: readonly FetchItem[];
  /** Null when the memory image answers everything. */
  readonly columns: RowColumns | null;
  /** Bytes of the message that are needed. */
  readonly contents: 'header' | 'all' | null;
  /** Items that name header fields, when nothing else of the header is needed: then the fields may be read without it. */
  readonly fields: readonly FieldsItem[];
  /** Reading these items marks the message as seen (RFC 9051 §6.4.5). */
  readonly setsSeen: boolean;
  readonly wantsFlags: boolean;
}

/** An item such as `BODY[HEADER.FIELDS (Subject)]`, with the names. */
interface FieldsItem {
  readonly item: FetchItem;
  readonly names: readonly string[];
}

/** Returns the plan for the items. UID FETCH MUST include the UID in each response (RFC 9051 §6.4.9). */
export function planFetch(asked: readonly FetchItem[], isUid: boolean, isReadOnly: boolean): FetchPlan {
  const items = distinct(asked);
  if (isUid && !items.some((item) => item.kind === 'uid')) items.unshift({ kind: 'uid' });
  const kinds = new Set(items.map(({ kind }) => kind));
  const columns: RowColumns = {
    envelope: kinds.has('envelope'),
    body: kinds.has('body'),
    bodyStructure: kinds.has('bodyStructure'),
    numbers: kinds.has('internalDate') || kinds.has('rfc822Size') || kinds.has('saveDate'),
    sentDate: false,
    structure: items.some(needsStructure),
  };
  const fields = items.flatMap(fieldsOf);
  const readsHeader = items.some((item) => needsHeader(item) && fieldsOf(item).length === 0);
  const contents = items.some(needsBody) ? 'all' : readsHeader ? 'header' : null;
  return {
    items,
    columns: Object.values(columns).includes(true) ? columns : null,
    contents,
    fields: contents === null ? fields : [],
    setsSeen: !isReadOnly && items.some(marksSeen),
    wantsFlags: kinds.has('flags'),
  };
}

function distinct(items: readonly FetchItem[]): FetchItem[] {
  const seen = new Set<string>();
  return items.filter((item) => {
    const key =
      'name' in item ? `${item.kind} ${item.name} ${item.kind === 'binarySize' ? '' : partialKey(item)}` : item.kind;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

function partialKey(item: Extract<FetchItem, { kind: 'bodySection' | 'binary' }>): string {
  return item.partial === null ? '' : `${item.partial.start}.${item.partial.count}`;
}

function needsStructure(item: FetchItem): boolean {
  switch (item.kind) {
    case 'bodySection':
      return item.section.part.length > 0;
    case 'binary':
    case 'binarySize':
      return item.part.length > 0;
    default:
      return false;
  }
}

function needsHeader(item: FetchItem): boolean {
  if (item.kind === 'rfc822Header') return true;
  if (item.kind !== 'bodySection' || item.section.part.length > 0) return false;
  return item.section.text.kind === 'header' || item.section.text.kind === 'headerFields';
}

/** Returns the fields of the message's own header that an item names. */
function fieldsOf(item: FetchItem): FieldsItem[] {
  if (item.kind !== 'bodySection' || item.section.part.length > 0) return [];
  const { text } = item.section;
  return text.kind === 'headerFields' && !text.not ? [{ item, names: text.fields }] : [];
}

function needsBody(item: FetchItem): boolean {
  switch (item.kind) {
    case 'bodySection':
      return !needsHeader(item);
    case 'binary':
    case 'binarySize':
    case 'rfc822':
    case 'rfc822Text':
      return true;
    default:
      return false;
  }
}

/** Reports whether the item sets \Seen: those without .PEEK (RFC 9051 §6.4.5), but not RFC822.HEADER (RFC 3501 §6.4.5). */
function marksSeen(item: FetchItem): boolean {
  switch (item.kind) {
    case 'bodySection':
    case 'binary':
      return !item.peek;
    case 'rfc822':
    case 'rfc822Text':
      return true;
    default:
      return false;
  }
}
