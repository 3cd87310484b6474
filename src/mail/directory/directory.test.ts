import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAddress, writeAddress, type Address } from '#lib/address';
import { parseConfigFiles } from '#mail/config';
import { Directory } from './index.ts';

const config = parseConfigFiles(
  { file: 'server.yaml', text: 'hostname: mail.example.org\npostmaster: ann\nlisteners: {}\n' },
  {
    file: 'domains.yaml',
    text: `
domains:
  example.org:
    aliases:
      team: { addresses: [ann@example.org, Bob@example.org, ann@case.example], allowMessageFrom: true }
      closed: { addresses: [bob@example.org], postPublic: false }
      rest: { addresses: ['@all.example'] }
      '"the team"': { addresses: ['"a b"@example.org'] }
  case.example: { localpartCaseSensitive: true, localpartSeparators: ['-', '+'] }
  all.example: {}
  off.example: { disabled: true }
  bücher.example: {}
accounts:
  ann: { addresses: [ann@example.org, ann@case.example, ann@off.example] }
  bob: { addresses: [bob@example.org, Bob@case.example] }
  odd: { addresses: ['"a b"@example.org', '"at@sign"@example.org', '"plain"@example.org', '"back\\\\slash"@example.org', '"Ä ö"@example.org'] }
  all: { addresses: ['@all.example', named@all.example, leser@bücher.example] }
`,
  },
);
const directory = Directory.of(config);

function address(text: string): Address {
  const parsed = parseAddress(text, { smtputf8: true });
  assert.ok(parsed.ok, text);
  return parsed.value;
}

for (const [text, want] of [
  ['ann@example.org', 'account ann'],
  ['ANN+anything@EXAMPLE.ORG', 'account ann'],
  ['+ann@example.org', 'unknown'],
  ['nobody@example.org', 'unknown'],
  ['team@example.org', 'alias ann,bob'],
  ['Team+x@example.org', 'alias ann,bob'],
  ['closed@example.org', 'alias bob, members only'],
  ['rest@example.org', 'alias all'],
  ['ann@case.example', 'account ann'],
  ['Ann@case.example', 'unknown'],
  ['ann-x+y@case.example', 'account ann'],
  ['Bob@case.example', 'account bob'],
  ['whoever@all.example', 'account all'],
  ['named@all.example', 'account all'],
  ['ann@off.example', 'disabled'],
  ['leser@bücher.example', 'account all'],
  ['leser@xn--bcher-kva.example', 'account all'],
  ['x@elsewhere.example', 'remote'],
  ['x@[192.0.2.1]', 'remote'],
  ['Postmaster@mail.example.org', 'account ann'],
  ['ann@mail.example.org', 'remote'],
  ['"a b"@example.org', 'account odd'],
  ['"A B+tag"@example.org', 'account odd'],
  ['"a\\ b"@example.org', 'account odd'],
  ['"a  b"@example.org', 'unknown'],
  ['"at@sign"@example.org', 'account odd'],
  ['plain@example.org', 'account odd'],
  ['"ann"@example.org', 'account ann'],
  ['"back\\\\slash"@example.org', 'account odd'],
  ['"ä Ö"@example.org', 'account odd'],
  ['"The Team"@example.org', 'alias odd'],
  ['postmaster@example.org', 'account ann'],
  ['postmaster@all.example', 'account all'],
] as const) {
  test(`Directory.lookup(${text}) is ${want}`, () => {
    const found = directory.lookup(address(text));
    const shown =
      found.kind === 'account'
        ? `account ${found.account}`
        : found.kind === 'alias'
          ? `alias ${found.accounts.join(',')}${found.postPublic ? '' : ', members only'}`
          : found.kind;
    assert.equal(shown, want);
  });
}

for (const [account, text, want] of [
  ['ann', 'ann+tag@example.org', true],
  ['ann', 'bob@example.org', false],
  ['ann', 'team@example.org', true],
  ['all', 'team@example.org', false],
  ['bob', 'closed@example.org', false],
  ['all', 'anything@all.example', true],
  ['ann', 'x@elsewhere.example', false],
  ['', 'x@elsewhere.example', false],
  ['ann', 'ann@off.example', false],
] as const) {
  test(`Directory.maySendAs(${account}, ${text}) is ${want}`, () =>
    assert.equal(directory.maySendAs(account, address(text)), want));
}

for (const [text, want] of [
  ['ann@example.org', 'ann+id@example.org'],
  ['ANN@Example.ORG', 'ANN+id@example.org'],
  ['Bob@case.example', 'Bob-id@case.example'],
  ['"a b"@example.org', '"a b+id"@example.org'],
  ['whoever@all.example', 'whoever+id@all.example'],
  ['leser@bücher.example', 'leser+id@xn--bcher-kva.example'],
  [`${'x'.repeat(61)}@all.example`, `${'x'.repeat(61)}+id@all.example`],
  [`${'x'.repeat(62)}@all.example`, null],
  [`${'ä'.repeat(31)}@all.example`, null],
  ['ann+tag@example.org', null],
  ['ann+@example.org', null],
  ['team@example.org', null],
  ['nobody@example.org', null],
  ['ann@off.example', null],
  ['postmaster@mail.example.org', null],
  ['x@elsewhere.example', null],
  ['x@[192.0.2.1]', null],
] as const) {
  test(`Directory.withDetail(${text}) is ${want}`, () => {
    const detailed = directory.withDetail(address(text), 'id');
    assert.equal(detailed === null ? null : writeAddress(detailed), want);
    assert.equal(detailed === null ? 'id' : directory.detailOf(detailed), 'id');
  });
}

for (const [login, want] of [
  ['ann', 'ann'],
  ['bob@example.org', 'bob'],
  ['Ann+x@example.org', 'ann'],
  ['"a b"@example.org', 'odd'],
  ['team@example.org', null],
  ['whoever@all.example', null],
  ['nobody', null],
  ['constructor', null],
  ['__proto__', null],
  ['ann@[192.0.2.1]', null],
] as const) {
  test(`Directory.loginAccount(${login}) is ${want}`, () => {
    const parse = (text: string): Address | null => {
      const parsed = parseAddress(text);
      return parsed.ok ? parsed.value : null;
    };
    assert.equal(directory.loginAccount(login, parse), want);
  });
}
