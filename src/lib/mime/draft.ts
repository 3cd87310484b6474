import { fieldOctets, findParameter, parseContentType, parseDisposition, withoutComments } from '#lib/message';
import type { Disposition, HeaderField, Parameter } from '#lib/message';
import { envelopeOf } from './envelope.ts';
import type { Envelope, Part, Spelling } from './part.ts';

/** A part while its end is not known yet. */
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
    const value = fieldOctets(field);
    switch (field.name) {
      case 'content-type': {
        const found = parseContentType(value);
        // RFC 2045 §5.2 lets a reader take an unusable type as text/plain, as when it is absent.
        if (found === null) return;
        this.#type = found.type;
        this.#subtype = found.subtype;
        this.params = found.params;
        return;
      }
      case 'content-transfer-encoding':
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

  /** The boundary of a multipart, null when this is none or has no usable one. */
  get boundary(): string | null {
    if (this.type !== 'multipart') return null;
    // As written where it can be: its octets are compared.
    const plain = this.params.find(({ name }) => name.toLowerCase() === 'boundary');
    const boundary = (plain?.value ?? findParameter(this.params, 'boundary') ?? '').trimEnd();
    return boundary === '' ? null : boundary;
  }

  /** True when the body is a message that can be read in place: message/rfc822 or message/global (RFC 6532 §3.7), not encoded. */
  get holdsMessage(): boolean {
    if (this.type !== 'message' || (this.subtype !== 'rfc822' && this.subtype !== 'global')) return false;
    const encoding = this.#encoding.toLowerCase();
    return encoding !== 'base64' && encoding !== 'quoted-printable';
  }

  /** The finished part. */
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
   * A multipart in whose body no part begins holds its text as one part without a header, so that clients show it, and
   * so that all that IMAP says of part 1 agrees: a multipart has at least one part (RFC 2046 §5.1).
   */
  #parts(): Part[] {
    if (this.type !== 'multipart' || this.children.length > 0) return this.children.map((child) => child.toPart());
    const only = new Draft(this.bodyStart, false, false);
    only.end = this.end;
    only.bodyLines = this.bodyLines;
    return [only.toPart()];
  }
}

/** An empty field says nothing. */
function stated(value: string): string | null {
  return value === '' ? null : value;
}

/** A message-id without the comments around it (RFC 2045 §7); what is none, as it stands. */
function contentId(value: string): string | null {
  const bare = withoutComments(value);
  return /^<[^<>]*>$/.test(bare) ? bare : stated(value);
}
