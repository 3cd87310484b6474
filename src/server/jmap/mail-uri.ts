/** URI of the mail capability (RFC 8621 §1.3.1). */
export const mailUri = 'urn:ietf:params:jmap:mail';
