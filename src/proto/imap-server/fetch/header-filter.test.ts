import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeaderFilter } from './header-filter.ts';

const header = 'Subject: a\r\n b\r\nX-Subject: c\r\nsubject : d\r\nno colon\r\nTo: e\nFrom: f\r\n\r\nSubject: body\r\n';

for (const [names, isNot, want] of [
  [['SUBJECT'], false, 'Subject: a\r\n b\r\nsubject : d\r\n\r\n'],
  [['to', 'from'], false, 'To: e\nFrom: f\r\n\r\n'],
  [['nothing'], false, '\r\n'],
  [['subject', 'to'], true, 'X-Subject: c\r\nno colon\r\nFrom: f\r\n\r\n'],
  [[], true, 'Subject: a\r\n b\r\nX-Subject: c\r\nsubject : d\r\nno colon\r\nTo: e\nFrom: f\r\n\r\n'],
] as const) {
  test(`HeaderFilter.filter ${isNot ? 'without' : 'with'} ${names.join(' ')}`, () => {
    const filtered = new HeaderFilter(names, isNot).filter(new TextEncoder().encode(header));
    assert.equal(new TextDecoder().decode(filtered), want);
  });
}

for (const [given, isCut, want] of [
  ['A: b\r\nB: c', false, 'A: b\r\n'],
  ['A: b\r\n', false, 'A: b\r\n'],
  ['A: b', false, 'A: b'],
  ['', false, ''],
  ['A: b\nB: c\n\n', false, 'A: b\n\n'],
  ['A: b\r\nB: c\r\n', true, 'A: b\r\n\r\n'],
] as const) {
  test(`HeaderFilter.filter adds no empty line to ${JSON.stringify(given)}${isCut ? ' unless it was cut' : ''}`, () => {
    const filtered = new HeaderFilter(['b'], true).filter(new TextEncoder().encode(given), isCut);
    assert.equal(new TextDecoder().decode(filtered), want);
  });
}
