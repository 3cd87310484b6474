import { decodeEncodedWords, fieldText, findParameter, parseContentType, parseDisposition } from '#lib/message';
import type { Disposition, HeaderField, Parameter } from '#lib/message';
import { envelopeOf } from './envelope.ts';
import type { Envelope, Part } from './part.ts';

/** A part while its end is not known yet. */
export class Draft {
  readonly headerStart: number;
  bodyStart: number;
  end = 0;
  bodyLines = 0;
  /** Line breaks seen before the body, to count those inside it. */
  breaksBeforeBody = 0;
  type: string;
  subtype: string;
  params: readonly Parameter[] = [];
  encoding = '7bit';
  id: string | null = null;
  description: string | null = null;
  md5: string | null = null;
  disposition: Disposition | null = null;
  language: readonly string[] = [];
  location: string | null = null;
  /** Set for the root of a message only. */
  envelope: Envelope | null = null;
  readonly isMessage: boolean;
  readonly children: Draft[] = [];
  embedded: Draft | null = null;

  /** @param inDigest  Whether the part's type is message/rfc822 when not given (RFC 2046 §5.1.5). */
  constructor(headerStart: number, isMessage: boolean, inDigest: boolean) {
    this.headerStart = headerStart;
    this.bodyStart = headerStart;
    this.isMessage = isMessage;
    this.type = inDigest ? 'message' : 'text';
    this.subtype = inDigest ? 'rfc822' : 'plain';
  }

  /** Takes what the header says. The first of several equal fields counts. */
  readHeader(fields: readonly HeaderField[]): void {
    if (this.isMessage) this.envelope = envelopeOf(fields);
    const seen = new Set<string>();
    for (const field of fields) {
      if (!field.name.startsWith('content-') || seen.has(field.name)) continue;
      seen.add(field.name);
      this.#readField(field);
    }
  }

  #readField(field: HeaderField): void {
    const value = fieldText(field);
    switch (field.name) {
      case 'content-type': {
        const found = parseContentType(value);
        // RFC 2045 §5.2 lets a reader take an unusable type as text/plain, as when it is absent.
        if (found === null) return;
        this.type = found.type;
        this.subtype = found.subtype;
        this.params = found.params;
        return;
      }
      case 'content-transfer-encoding':
        this.encoding = /[^\s;()"]+/.exec(value)?.[0].toLowerCase() ?? '7bit';
        return;
      case 'content-disposition':
        this.disposition = parseDisposition(value);
        return;
      case 'content-id':
        this.id = value === '' ? null : value;
        return;
      case 'content-description':
        this.description = decodeEncodedWords(value);
        return;
      case 'content-md5':
        this.md5 = value;
        return;
      case 'content-language':
        this.language = value.split(/[\s,]+/).filter((tag) => tag !== '');
        return;
      case 'content-location':
        this.location = value;
        return;
      default:
    }
  }

  /** The boundary of a multipart, null when this is none or has no usable one. */
  get boundary(): string | null {
    if (this.type !== 'multipart') return null;
    const boundary = findParameter(this.params, 'boundary')?.trimEnd() ?? '';
    return boundary === '' ? null : boundary;
  }

  /** Whether the body is a message that can be read in place: message/rfc822 or message/global (RFC 6532 §3.7), not encoded. */
  get holdsMessage(): boolean {
    if (this.type !== 'message' || (this.subtype !== 'rfc822' && this.subtype !== 'global')) return false;
    return this.encoding !== 'base64' && this.encoding !== 'quoted-printable';
  }

  /** The finished part. */
  toPart(): Part {
    const root = this.embedded;
    return {
      headerStart: this.headerStart,
      bodyStart: this.bodyStart,
      end: this.end,
      bodyLines: this.bodyLines,
      type: this.type,
      subtype: this.subtype,
      params: this.params,
      encoding: this.encoding,
      id: this.id,
      description: this.description,
      md5: this.md5,
      disposition: this.disposition,
      language: this.language,
      location: this.location,
      parts: this.children.map((child) => child.toPart()),
      message: root === null ? null : { envelope: root.envelope ?? envelopeOf([]), root: root.toPart() },
    };
  }
}
