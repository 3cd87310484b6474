/** The codes at the start of an SMTP reply. */
export interface ReplyCodes {
  /** 200 to 599, null when the text does not begin with one. */
  readonly smtpCode: number | null;
  /** Enhanced status code (RFC 3463 §2) after it; null when there is none or its class differs (RFC 2034 §4: it must agree). */
  readonly smtpStatus: string | null;
}

/** Parses the codes of a reply such as `550-5.1.1 no such user`; null where there is none. */
export function readReply(text: string | null): ReplyCodes {
  const found = /^([245])(\d\d)(?!\d)[ -]?(?:#?([245])\.(\d{1,3})\.(\d{1,3})(?![\d.]))?/.exec(text ?? '');
  if (found === null) return { smtpCode: null, smtpStatus: null };
  const [, kind = '', rest = '', statusKind, subject, detail] = found;
  return {
    smtpCode: Number(kind + rest),
    smtpStatus: statusKind === kind ? `${statusKind}.${subject}.${detail}` : null,
  };
}
