import { fieldOctets, findParameter, parseContentType, parseDisposition, withoutComments } from '#lib/message';
import type { Disposition, HeaderField, Parameter } from '#lib/message';
import { envelopeOf } from './envelope.ts';
import type { Envelope, Part, Spelling } from './part.ts';

/** A part whose end has not been found yet. */
export class Draft {
  readonly headerStart: number;
  bodyStart: number;
  end = 0;
  bodyLines = 0;
  /** Line breaks seen before the body, to count those inside it. */
  breaksBeforeBody = 0;
  #type: string;
  #subtype: string;
  #encoding = '7bit';
  params: readonly Parameter[] = [];
  id: string | null = null;
  description: string | null = null;
  md5: string | null = null;
  disposition: Disposition | null = null;
  language: readonly string[] = [];
  location: string | null = null;
  /** Set for a message inside another. */
  envelope: Envelope | null = null;
  readonly isEmbedded: boolean;
  readonly children: Draft[] = [];
  embedded: Draft | null = null;

  /** @param inDigest  True in multipart/digest, where the default type is message/rfc822 (RFC 2046 §5.1.5) instead of text/plain (RFC 2045 §5.2). */
  constructor(headerStart: number, isEmbedded: boolean, inDigest: boolean) {
    this.headerStart = headerStart;
    this.bodyStart = headerStart;
    this.isEmbedded = isEmbedded;
    this.#type = inDigest ? 'message' : 'text';
    this.#subtype = inDigest ? 'rfc822' : 'plain';
  }

  /** Top-level media type, lower case. */
  get type(): string {
    return this.#type.toLowerCase();
  }

  /** Subtype, lower case. */
  get subtype(): string {
    return this.#subtype.toLowerCase();
  }

  /** Reads the fields of the part's header. Of repeated fields the first is used. */
  readHeader(fields: readonly HeaderField[]): void {
    if (this.isEmbedded) this.envelope = envelopeOf(fields);
    const seen = new Set<string>();
    for (const field of fields) {
      if (!field.name.startsWith('content-') || seen.has(field.name)) continue;
      seen.add(field.name);
      this.#readField(field);
    }
  }

  #readField(field: HeaderField): void {
    const value = fieldOctets(field);
    switch (field.name) {
      case 'content-type': {
        const found = parseContentType(value);
        // RFC 2045 §5.2: the default is recommended for a syntactically invalid field too, not only for an absent one.
        if (found === null) return;
        this.#type = found.type;
        this.#subtype = found.subtype;
        this.params = found.params;
        return;
      }
      case 'content-transfer-encoding':
        // RFC 2045 §6.1: one token; 7bit is the default.
        this.#encoding = /[^\s;"]+/.exec(withoutComments(value))?.[0] ?? '7bit';
        return;
      case 'content-disposition':
        this.disposition = parseDisposition(value);
        return;
      case 'content-id':
        this.id = contentId(value);
        return;
      case 'content-description':
        this.description = stated(value);
        return;
      case 'content-md5':
        this.md5 = stated(withoutComments(value));
        return;
      case 'content-language':
        this.language = withoutComments(value)
          .split(/[\s,]+/)
          .filter((tag) => tag !== '');
        return;
      case 'content-location':
        this.location = stated(value);
        return;
      default:
    }
  }

  /** Boundary of a multipart; null for other types and without a usable boundary. RFC 2046 §5.1.1: it must not end with white space. */
  get boundary(): string | null {
    if (this.type !== 'multipart') return null;
    // As written if possible, because octets are compared.
    const plain = this.params.find(({ name }) => name.toLowerCase() === 'boundary');
    const boundary = (plain?.value ?? findParameter(this.params, 'boundary') ?? '').trimEnd();
    return boundary === '' ? null : boundary;
  }

  /** True when the body is a message that can be read in place: message/rfc822 or message/global (RFC 6532 §3.7), not encoded (RFC 2046 §5.2.1). */
  get holdsMessage(): boolean {
    if (this.type !== 'message' || (this.subtype !== 'rfc822' && this.subtype !== 'global')) return false;
    const encoding = this.#encoding.toLowerCase();
    return encoding !== 'base64' && encoding !== 'quoted-printable';
  }

  /** Returns the finished part. */
  toPart(): Part {
    const root = this.embedded;
    const { disposition } = this;
    return {
      headerStart: this.headerStart,
      bodyStart: this.bodyStart,
      end: this.end,
      bodyLines: this.bodyLines,
      type: this.type,
      subtype: this.subtype,
      params: this.params,
      encoding: this.#encoding.toLowerCase(),
      spelling: this.#spelling(),
      id: this.id,
      description: this.description,
      md5: this.md5,
      disposition: disposition === null ? null : { ...disposition, type: disposition.type.toLowerCase() },
      language: this.language,
      location: this.location,
      parts: this.#parts(),
      message: root === null ? null : { envelope: root.envelope ?? envelopeOf([]), root: root.toPart() },
    };
  }

  #spelling(): Spelling | null {
    const disposition = this.disposition?.type ?? null;
    const spelling = { type: this.#type, subtype: this.#subtype, encoding: this.#encoding, disposition };
    return Object.values(spelling).every((name) => name === null || name === name.toLowerCase()) ? null : spelling;
  }

  /**
   * Returns the children. A multipart without a boundary line in its body gets one part without a header that holds its text, so that
   * clients show it and IMAP's answers about part 1 agree: a multipart has at least one part (RFC 2046 §5.1).
   */
  #parts(): Part[] {
    if (this.type !== 'multipart' || this.children.length > 0) return this.children.map((child) => child.toPart());
    const only = new Draft(this.bodyStart, false, false);
    only.end = this.end;
    only.bodyLines = this.bodyLines;
    return [only.toPart()];
  }
}

/** Returns null for an empty field. */
function stated(value: string): string | null {
  return value === '' ? null : value;
}

/** Returns a Content-ID, which has the syntax of a msg-id (RFC 2045 §7), without comments; an invalid one unchanged, null when empty. */
function contentId(value: string): string | null {
  const bare = withoutComments(value);
  return /^<[^<>]*>$/.test(bare) ? bare : stated(value);
}
