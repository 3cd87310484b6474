import { findParameter } from '#lib/message';
import type { Part } from '#lib/mime';

/** A part of a message with its number, as JMAP sees the structure: messages inside are parts without subparts (RFC 8621 §4.1.4). */
export interface BodyPart {
  readonly part: Part;
  /** Part number (RFC 9051 §6.4.5.1). */
  readonly path: readonly number[];
  /** Such as `text/plain`. */
  readonly type: string;
  readonly name: string | null;
  /** Null when it is no multipart. */
  readonly subParts: readonly BodyPart[] | null;
}

/** The parts that clients show, each list in the order of the message. */
export interface BodyLists {
  readonly textBody: readonly BodyPart[];
  readonly htmlBody: readonly BodyPart[];
  readonly attachments: readonly BodyPart[];
}

/** Returns the structure of a message. */
export function bodyStructureOf(root: Part): BodyPart {
  return bodyPart(root, root.parts.length > 0 || root.type === 'multipart' ? [] : [1]);
}

function bodyPart(part: Part, path: readonly number[]): BodyPart {
  const fileName = part.disposition === null ? null : findParameter(part.disposition.params, 'filename');
  return {
    part,
    path,
    type: `${part.type}/${part.subtype}`,
    name: fileName ?? findParameter(part.params, 'name'),
    subParts: part.type === 'multipart' ? part.parts.map((child, i) => bodyPart(child, [...path, i + 1])) : null,
  };
}

/** Sorts the parts of a message into its text, its HTML and what is attached, as RFC 8621 §4.1.4 suggests. */
export function bodyListsOf(root: BodyPart): BodyLists {
  const lists = { textBody: [] as BodyPart[], htmlBody: [] as BodyPart[], attachments: [] as BodyPart[] };
  sort([root], 'mixed', false, lists.textBody, lists.htmlBody, lists.attachments);
  return lists;
}

/** Reports whether a message has an attachment that is not shown in its text (RFC 8621 §4.1.4). */
export function hasAttachment({ attachments }: BodyLists): boolean {
  return (
    attachments.some(({ part }) => part.disposition?.type !== 'inline' && part.id === null) ||
    attachments.some(({ part }) => part.disposition?.type === 'attachment')
  );
}

/** `text` or `html` is null within an alternative of which the other was chosen. */
function sort(
  parts: readonly BodyPart[],
  multipart: string,
  isInAlternative: boolean,
  text: BodyPart[] | null,
  html: BodyPart[] | null,
  attachments: BodyPart[],
): void {
  const textLength = text?.length ?? -1;
  const htmlLength = html?.length ?? -1;
  let [textBody, htmlBody] = [text, html];
  for (const [i, one] of parts.entries()) {
    const { subParts, type } = one;
    if (subParts !== null) {
      const { subtype } = one.part;
      sort(subParts, subtype, isInAlternative || subtype === 'alternative', textBody, htmlBody, attachments);
    } else if (!isInline(one, i, multipart)) attachments.push(one);
    else if (multipart === 'alternative') {
      const list = type === 'text/plain' ? textBody : type === 'text/html' ? htmlBody : attachments;
      list?.push(one);
    } else {
      if (isInAlternative && type === 'text/plain') htmlBody = null;
      if (isInAlternative && type === 'text/html') textBody = null;
      textBody?.push(one);
      htmlBody?.push(one);
      if ((textBody === null || htmlBody === null) && isMedia(type)) attachments.push(one);
    }
  }
  if (multipart !== 'alternative' || textBody === null || htmlBody === null) return;
  // An alternative with one form only is shown as both.
  if (textLength === textBody.length && htmlLength !== htmlBody.length) textBody.push(...htmlBody.slice(htmlLength));
  else if (htmlLength === htmlBody.length && textLength !== textBody.length)
    htmlBody.push(...textBody.slice(textLength));
}

function isInline({ part, type, name }: BodyPart, i: number, multipart: string): boolean {
  if (part.disposition?.type === 'attachment') return false;
  if (type !== 'text/plain' && type !== 'text/html' && !isMedia(type)) return false;
  return i === 0 || (multipart !== 'related' && (isMedia(type) || name === null));
}

function isMedia(type: string): boolean {
  return /^(?:image|audio|video)\//.test(type);
}
