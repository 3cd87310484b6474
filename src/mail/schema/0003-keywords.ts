import type { Dialect } from './dialect.ts';
import type { Migration } from './migration.ts';

/** Keywords that were stored in lower case before spellings were kept, as clients and the IANA registry spell them. */
const registered = (
  '$Forwarded $MDNSent $Junk $NotJunk $Phishing $SubmitPending $Submitted $Important ' +
  '$hasAttachment $hasNoAttachment $hasMemo $isMailingList $isTrusted $canUnsubscribe $maskedEmail $AutoJunk ' +
  '$MailFlagBit0 $MailFlagBit1 $MailFlagBit2 $ATTACHMENT $ENCRYPTED $IGNORED $REPLIED $SIGNED ' +
  '$TODO $WATCHED Forwarded Junk NonJunk NotJunk MDNSent Redirected'
).split(' ');

/**
 * The spelling in which an account got each keyword first.
 * Keywords are atoms, which are ASCII (RFC 9051 §9), and were in lower case before this: each has one spelling after it.
 */
export function keywords0003({ integer, keyedTail, lower, position }: Dialect): Migration {
  const respelled = registered.reduce(
    (text, keyword) => `replace(${text}, ' ${keyword.toLowerCase()} ', ' ${keyword} ')`,
    // Words side by side share no space, so that each is found.
    `' ' || replace(keywords, ' ', '  ') || ' '`,
  );
  return {
    version: 3,
    sql: `
-- folded: the keyword in lower case, by which it is compared. name: as it was spelled first.
CREATE TABLE keyword (
  account ${integer} NOT NULL,
  folded TEXT NOT NULL,
  name TEXT NOT NULL,
  PRIMARY KEY (account, folded)
)${keyedTail};
UPDATE message SET keywords = trim(replace(${respelled}, '  ', ' ')) WHERE keywords <> '';
INSERT INTO keyword (account, folded, name)
  WITH RECURSIVE word (account, name, rest) AS (
    SELECT account, '', keywords || ' ' FROM message WHERE keywords <> ''
    UNION
    SELECT account, substr(rest, 1, ${position}(rest, ' ') - 1), substr(rest, ${position}(rest, ' ') + 1) FROM word WHERE rest <> ''
  )
  SELECT account, ${lower('name')}, min(name) FROM word WHERE name <> '' GROUP BY account, ${lower('name')};
`,
  };
}
