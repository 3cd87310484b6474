import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultLimits, noMailboxName, parseCommand, type Command } from './index.ts';
import type { ImapLimits } from './limits.ts';
import type { ParsedCommand } from './parse-command.ts';

const encoder = new TextEncoder();

function parse(text: string, utf8 = false, limits: ImapLimits = defaultLimits): ParsedCommand {
  return parseCommand(encoder.encode(text), { limits, utf8 });
}

/** The command, or `at: reason`. */
function show(result: ParsedCommand): unknown {
  return result.command.ok ? result.command.value : `${result.command.at}: ${result.command.reason}`;
}

const numbers = (...ranges: [number | '*', number | '*'][]) => ({
  ranges: ranges.map(([first, last]) => ({ first, last })),
  usesSaved: false,
});
const noFlags = { bits: 0, keywords: [], unknown: [] };
const plainList = { subscribed: false, children: false, specialUse: false, status: null };
const fetch = { kind: 'fetch', uid: false, set: numbers([1, 1]), changedSince: null, vanished: false } as const;
const store = { kind: 'store', uid: false, set: numbers([2, 4]), silent: false, unchangedSince: null } as const;

const commands: readonly (readonly [string, Command])[] = [
  ['abcd CAPABILITY', { kind: 'capability' }],
  ['a002 noop', { kind: 'noop' }],
  ['A023 LOGOUT', { kind: 'logout' }],
  ['a002 STARTTLS', { kind: 'startTls' }],
  ['FXXZ CHECK', { kind: 'check' }],
  ['A341 CLOSE', { kind: 'close' }],
  ['A342 UNSELECT', { kind: 'unselect' }],
  ['A001 IDLE', { kind: 'idle' }],
  ['A001 NAMESPACE', { kind: 'namespace' }],
  ['a023 ID NIL', { kind: 'id', fields: null }],
  ['a023 ID ()', { kind: 'id', fields: [] }],
  [
    'a023 ID ("name" "sodr" "version" NIL)',
    {
      kind: 'id',
      fields: [
        ['name', 'sodr'],
        ['version', null],
      ],
    },
  ],
  ['a001 LOGIN SMITH SESAME', { kind: 'login', user: 'SMITH', password: 'SESAME' }],
  ['a LOGIN "a\\"b" {5}\r\nx\\ y"', { kind: 'login', user: 'a"b', password: 'x\\ y"' }],
  ['a LOGIN {2+}\r\nab ""', { kind: 'login', user: 'ab', password: '' }],
  ['a LOGIN "jürgen" "ß"', { kind: 'login', user: 'jürgen', password: 'ß' }],
  ['a AUTHENTICATE plain', { kind: 'authenticate', mechanism: 'PLAIN', initialResponse: null }],
  ['a AUTHENTICATE EXTERNAL =', { kind: 'authenticate', mechanism: 'EXTERNAL', initialResponse: new Uint8Array(0) }],
  ['a AUTHENTICATE X YWI=', { kind: 'authenticate', mechanism: 'X', initialResponse: encoder.encode('ab') }],
  ['t2 ENABLE condstore X-GOOD-IDEA', { kind: 'enable', capabilities: ['CONDSTORE', 'X-GOOD-IDEA'] }],
  ['A142 SELECT inBOX', { kind: 'select', mailbox: 'INBOX', condstore: false, qresync: null }],
  ['A EXAMINE "blurdybloop"', { kind: 'examine', mailbox: 'blurdybloop', condstore: false, qresync: null }],
  ['A SELECT x (CONDSTORE)', { kind: 'select', mailbox: 'x', condstore: true, qresync: null }],
  [
    'A SELECT INBOX (QRESYNC (67890007 20050715194045000 41,43:211 (1,3 8,9)))',
    {
      kind: 'select',
      mailbox: 'INBOX',
      condstore: false,
      qresync: {
        uidValidity: 67890007,
        modSeq: Number.MAX_SAFE_INTEGER,
        knownUids: numbers([41, 41], [43, 211]),
        sequenceMatch: { numbers: numbers([1, 1], [3, 3]), uids: numbers([8, 8], [9, 9]) },
      },
    },
  ],
  ['A003 CREATE owatagusiam/', { kind: 'create', mailbox: 'owatagusiam/', specialUse: [] }],
  [
    't2 CREATE MySpecial (USE (\\Drafts \\Sent))',
    { kind: 'create', mailbox: 'MySpecial', specialUse: ['\\drafts', '\\sent'] },
  ],
  ['A683 DELETE blurdybloop', { kind: 'delete', mailbox: 'blurdybloop' }],
  ['A RENAME blurdybloop &AOQ-&-b', { kind: 'rename', from: 'blurdybloop', to: 'ä&b' }],
  ['A002 SUBSCRIBE #news.comp.mail.mime', { kind: 'subscribe', mailbox: '#news.comp.mail.mime' }],
  ['A002 UNSUBSCRIBE a]b', { kind: 'unsubscribe', mailbox: 'a]b' }],
  [
    'A101 LIST "" %/*',
    { kind: 'list', isExtended: false, select: [], reference: '', patterns: ['%/*'], returns: plainList },
  ],
  [
    'A LIST (SUBSCRIBED RECURSIVEMATCH) "" ("INBOX" "Drafts" Sent/%) RETURN (CHILDREN STATUS (MESSAGES SIZE) SUBSCRIBED SPECIAL-USE)',
    {
      kind: 'list',
      isExtended: true,
      select: ['subscribed', 'recursiveMatch'],
      reference: '',
      patterns: ['INBOX', 'Drafts', 'Sent/%'],
      returns: { subscribed: true, children: true, specialUse: true, status: ['messages', 'size'] },
    },
  ],
  [
    'A LIST () ~/ foo* RETURN ()',
    { kind: 'list', isExtended: true, select: [], reference: '~/', patterns: ['foo*'], returns: plainList },
  ],
  ['A002 LSUB "#news." "comp.mail.*"', { kind: 'lsub', reference: '#news.', pattern: 'comp.mail.*' }],
  [
    'A STATUS blurdybloop (UIDNEXT MESSAGES DELETED RECENT UNSEEN UIDVALIDITY APPENDLIMIT HIGHESTMODSEQ)',
    {
      kind: 'status',
      mailbox: 'blurdybloop',
      items: ['uidNext', 'messages', 'deleted', 'recent', 'unseen', 'uidValidity', 'appendLimit', 'highestModSeq'],
    },
  ],
  ['A202 EXPUNGE', { kind: 'expunge', uids: null }],
  ['A003 UID EXPUNGE 3000:3002', { kind: 'expunge', uids: numbers([3000, 3002]) }],
  ['A003 COPY 2:4,*:7 MEETING', { kind: 'copy', uid: false, set: numbers([2, 4], ['*', 7]), mailbox: 'MEETING' }],
  ['a UID MOVE $ foo', { kind: 'move', uid: true, set: { ranges: [], usesSaved: true }, mailbox: 'foo' }],
  ['A003 STORE 2:4 +FLAGS (\\Deleted)', { ...store, mode: 'add', flags: { ...noFlags, bits: 8 } }],
  [
    'A STORE 2:4 FLAGS.SILENT \\Seen $Junk foo \\Recent Foo',
    { ...store, mode: 'replace', silent: true, flags: { bits: 1, keywords: ['$Junk', 'foo'], unknown: ['\\recent'] } },
  ],
  [
    'd105 UID STORE 2:4 (UNCHANGEDSINCE 0) -FLAGS.SILENT ()',
    { ...store, uid: true, mode: 'remove', silent: true, flags: noFlags, unchangedSince: 0 },
  ],
];

for (const [text, want] of commands) {
  test(`parseCommand(${JSON.stringify(text)})`, () => {
    assert.deepEqual(show(parse(text)), want);
  });
}

const fetches: readonly (readonly [string, readonly object[]])[] = [
  ['FAST', [{ kind: 'flags' }, { kind: 'internalDate' }, { kind: 'rfc822Size' }]],
  [
    'FULL',
    [{ kind: 'flags' }, { kind: 'internalDate' }, { kind: 'rfc822Size' }, { kind: 'envelope' }, { kind: 'body' }],
  ],
  [
    '(UID BODY BODYSTRUCTURE MODSEQ SAVEDATE RFC822 RFC822.HEADER RFC822.TEXT)',
    ['uid', 'body', 'bodyStructure', 'modSeq', 'saveDate', 'rfc822', 'rfc822Header', 'rfc822Text'].map((kind) => ({
      kind,
    })),
  ],
];

for (const [text, items] of fetches) {
  test(`parseCommand FETCH ${text}`, () => assert.deepEqual(show(parse(`a FETCH 1 ${text}`)), { ...fetch, items }));
}

for (const [text, want] of [
  ['BODY[]', 'BODY[]'],
  ['body.peek[header]<0.100>', 'BODY[HEADER]<0>'],
  ['BODY[TEXT]', 'BODY[TEXT]'],
  ['BODY[1.2.3]', 'BODY[1.2.3]'],
  ['BODY[4.1.MIME]', 'BODY[4.1.MIME]'],
  ['BODY[4.2.HEADER]<5.1>', 'BODY[4.2.HEADER]<5>'],
  ['BODY[HEADER.FIELDS (DATE FROM)]', 'BODY[HEADER.FIELDS (DATE FROM)]'],
  ['BODY.PEEK[3.header.fields.not ("Date" "a(b" {2}\r\nX])]', 'BODY[3.HEADER.FIELDS.NOT (Date "a(b" "X]")]'],
  ['BINARY[1.2]<0.5>', 'BINARY[1.2]<0>'],
  ['BINARY.PEEK[]', 'BINARY[]'],
  ['BINARY.SIZE[1]', 'BINARY.SIZE[1]'],
] as const) {
  test(`parseCommand names ${JSON.stringify(text)} as the response does`, () => {
    const { command } = parse(`a UID FETCH 1:* (${text})`);
    assert.ok(command.ok && command.value.kind === 'fetch');
    const [item] = command.value.items;
    assert.ok(item !== undefined && 'name' in item);
    assert.equal(item.name, want);
    assert.equal('peek' in item && item.peek, /peek/i.test(text));
  });
}

const flag = (bit: number) => ({ kind: 'flag', bit });
const day = Date.UTC(1994, 1, 1);
const searches: readonly (readonly [string, unknown])[] = [
  ['ALL', { kind: 'all' }],
  [
    'FLAGGED SINCE 1-Feb-1994 NOT FROM "Smith"',
    { kind: 'and', keys: [flag(4), { kind: 'since', day }, { kind: 'not', key: { kind: 'from', text: 'Smith' } }] },
  ],
  ['CHARSET utf-8 TEXT {6}\r\nмат', { kind: 'text', text: 'мат' }],
  [
    'OR (SEEN DRAFT) UNDELETED',
    { kind: 'or', left: { kind: 'and', keys: [flag(1), flag(16)] }, right: { kind: 'not', key: flag(8) } },
  ],
  ['2,84:*', { kind: 'sequence', set: numbers([2, 2], [84, '*']) }],
  ['UID $', { kind: 'uid', set: { ranges: [], usesSaved: true } }],
  ['HEADER Message-ID <a@b>', { kind: 'header', field: 'Message-ID', text: '<a@b>' }],
  ['UNKEYWORD $Junk', { kind: 'not', key: { kind: 'keyword', keyword: '$junk' } }],
  ['SENTON "01-feb-1994"', { kind: 'sentOn', day }],
  ['SAVEDBEFORE 1-Feb-1994', { kind: 'savedBefore', day }],
  ['SAVEDATESUPPORTED', { kind: 'saveDateSupported' }],
  ['LARGER 5000000000', { kind: 'larger', sizeBytes: 5_000_000_000 }],
  ['YOUNGER 259200', { kind: 'younger', seconds: 259_200 }],
  ['MODSEQ 620162338', { kind: 'modSeq', modSeq: 620_162_338, entry: null }],
  ['MODSEQ "/flags/\\\\draft" all 6', { kind: 'modSeq', modSeq: 6, entry: '/flags/\\draft' }],
  ['NEW OLD RECENT', { kind: 'and', keys: [{ kind: 'new' }, { kind: 'old' }, { kind: 'recent' }] }],
];

for (const [text, key] of searches) {
  test(`parseCommand SEARCH ${JSON.stringify(text)}`, () => {
    assert.deepEqual(show(parse(`a SEARCH ${text}`)), {
      kind: 'search',
      uid: false,
      returns: null,
      unsupportedCharset: null,
      key,
    });
  });
}

for (const [text, returns, unsupportedCharset] of [
  ['RETURN () ALL', ['all'], null],
  ['RETURN (MIN MAX COUNT SAVE) ALL', ['min', 'max', 'count', 'save'], null],
  ['CHARSET X-ODD TEXT \u00e9', null, 'X-ODD'],
  ['CHARSET koi8-r ALL', null, null],
] as const) {
  test(`parseCommand SEARCH ${JSON.stringify(text)} options`, () => {
    const want = { kind: 'search', uid: true, returns, unsupportedCharset, key: { kind: 'all' } };
    assert.deepEqual(show(parse(`a UID SEARCH ${text}`)), want);
  });
}

// RFC 9051 §6.4.4: the texts are in the charset that the command names.
for (const [charset, bytes, want] of [
  ['ISO-8859-1', [0x5a, 0x77, 0xf6, 0x6c, 0x66], 'Zwölf'],
  ['windows-1251', [0xcc, 0xe8, 0xf0], 'Мир'],
  ['Shift_JIS', [0x82, 0xa0], 'あ'],
] as const) {
  test(`parseCommand SEARCH CHARSET ${charset}`, () => {
    const head = new TextEncoder().encode(`a SEARCH CHARSET ${charset} SUBJECT {${bytes.length}}\r\n`);
    const { command } = parseCommand(Uint8Array.from([...head, ...bytes]), { limits: defaultLimits, utf8: false });
    assert.ok(command.ok && command.value.kind === 'search');
    assert.deepEqual(command.value.key, { kind: 'subject', text: want });
  });
}

for (const [text, want] of [
  ['', '0: expected a tag'],
  ['+ NOOP', '0: expected a tag'],
  ['a', '1: expected a space'],
  ['a ', '2: expected a command'],
  ['a XYZZY', '2: unknown command'],
  ['a UID NOOP', '2: unknown command'],
  ['a UID', '5: expected a space'],
  ['a  NOOP', '2: expected a command'],
  ['a NOOP ', '6: expected the end of the command'],
  ['a APPEND INBOX', '2: APPEND without a message'],
  ['a LOGIN x', '9: expected a space'],
  ['a LOGIN "x', '10: quoted string without end'],
  ['a LOGIN "\\x" y', '10: only " and \\ may follow \\ in a quoted string'],
  ['a LOGIN {9}\r\nab c', '13: literal without end'],
  ['a LOGIN {3}\r\na\0b c', '8: NUL in a string'],
  ['a AUTHENTICATE PLAIN !', '21: initial response is not base64'],
  ['a SELECT x (FOO)', '12: unknown or repeated parameter'],
  ['a SELECT x (QRESYNC (1 2 1:*))', '25: only numbers are allowed in this set'],
  ['a CREATE x (USE (Sent))', '17: expected \\'],
  ['a LIST (RECURSIVEMATCH) "" *', '7: RECURSIVEMATCH needs SUBSCRIBED'],
  ['a LIST "" x RETURN (FOO)', '20: unknown return option'],
  ['a STATUS x ()', '12: expected a status item'],
  ['a STATUS x (FOO)', '12: unknown status item'],
  ['a FETCH 0 FLAGS', '8: expected a message number'],
  ['a FETCH 4294967296 FLAGS', '8: a message number is too large: the limit is 4294967295'],
  ['a FETCH 1, FLAGS', '10: expected a message number'],
  ['a FETCH 1 (ALL)', '11: unknown data item'],
  ['a FETCH 1 ()', '11: expected a data item'],
  ['a FETCH 1 BODY[MIME]', '15: MIME needs a part number'],
  ['a FETCH 1 BODY[1.]', '17: expected a section'],
  ['a FETCH 1 BODY[HEADER.FIELDS ()]', '30: expected a header field name'],
  ['a FETCH 1 BODY[HEADER.FIELDS ("a b")]', '30: not a header field name'],
  ['a FETCH 1 BODY[]<0.0>', '19: expected a count from 1'],
  ['a FETCH 1 BINARY[1.TEXT]', '18: BINARY takes part numbers only'],
  ['a FETCH 1 FLAGS (CHANGEDSINCE 1 VANISHED)', '16: VANISHED needs UID FETCH and CHANGEDSINCE'],
  ['a STORE 1 FLAG x', '10: expected FLAGS'],
  ['a STORE 1 FLAGS (\\Seen', '22: expected )'],
  ['a SEARCH', '8: expected a space'],
  ['a SEARCH FOO', '9: unknown search key'],
  ['a SEARCH BEFORE 30-Feb-2020', '16: no such day'],
  ['a SEARCH RETURN (FOO) ALL', '17: unknown return option'],
  ['a SEARCH OLDER 0', '15: expected a number of seconds'],
  ['a SEARCH KEYWORD \\Seen', '17: expected a keyword'],
  ['a SEARCH OR ALL', '15: expected a space'],
  ['a COPY 1', '8: expected a space'],
  ['a ENABLE', '8: expected a space'],
  ['a ID (name x)', '6: expected a field name'],
] as const) {
  test(`parseCommand refuses ${JSON.stringify(text)}`, () => assert.equal(show(parse(text)), want));
}

test('parseCommand tells what it could read', () => {
  assert.deepEqual(parse('a1 XYZZY 1'), {
    tag: 'a1',
    name: 'XYZZY',
    isUnknown: true,
    command: { ok: false, at: 3, reason: 'unknown command' },
  });
  assert.equal(parse('a1 uid copy').name, 'UID COPY');
});

test('parseCommand reads UTF-8 mailbox names when enabled', () => {
  for (const name of ['&Jjo', 'x&y', 'ü']) {
    assert.deepEqual(show(parse(`a DELETE "${name}"`)), { kind: 'delete', mailbox: `${noMailboxName}${name}` });
  }
  assert.deepEqual(show(parse('a DELETE "ü&AOQ-"', true)), { kind: 'delete', mailbox: 'ü&AOQ-' });
});

for (const [limit, text, want] of [
  [{ maxRanges: 2 }, 'a FETCH 1,2,3 FLAGS', '12: too many ranges: the limit is 2'],
  [{ maxSearchDepth: 2 }, 'a SEARCH ((NOT ALL))', '15: search keys are nested too deeply: the limit is 2 levels'],
  [{ maxListItems: 2 }, 'a SEARCH ALL ALL ALL', '17: too many search keys: the limit is 2'],
  [{ maxListItems: 2 }, 'a FETCH 1 (UID UID UID)', '19: too many elements of one list: the limit is 2'],
  [{ maxListItems: 2 }, 'a STORE 1 FLAGS a b c', '20: too many flags: the limit is 2'],
  [{ maxListItems: 2 }, 'a ENABLE a b c', '13: too many capabilities: the limit is 2'],
  [{ maxListItems: 2 }, 'a FETCH 1 BODY[1.2.3]', '19: too many part numbers: the limit is 2'],
] as const) {
  test(`parseCommand keeps ${JSON.stringify(limit)}`, () => {
    assert.equal(show(parse(text, false, { ...defaultLimits, ...limit })), want);
  });
}
