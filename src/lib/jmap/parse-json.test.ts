import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { jmapLimits } from './limits.ts';
import { parseJson } from './parse-json.ts';
import { RequestProblem } from './problem.ts';

const utf8 = new TextEncoder();

/** Parses in pieces as small as they get. */
async function inPieces(text: string, maxPieceBytes: number): Promise<unknown> {
  try {
    return { value: await parseJson(utf8.encode(text), jmapLimits, undefined, maxPieceBytes) };
  } catch (error) {
    if (error instanceof RequestProblem) return error.type;
    throw error;
  }
}

function atOnce(text: string): unknown {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return 'notJSON';
  }
}

const json = fc.json({ depthSize: 'large', maxDepth: 6 });

test('parseJson: in pieces of any size the value is that of JSON.parse', async () => {
  await fc.assert(
    fc.asyncProperty(
      json,
      fc.constantFrom('', ' ', '\r\n\t'),
      fc.integer({ min: 1, max: 40 }),
      async (text, space, most) => {
        const spaced = `${space}${text.replace(/(?<=[[\]{},:])(?=[[\]{},:"\d])/g, (mark, at: number) => (isInString(text, at) ? mark : space))}${space}`;
        assert.deepEqual(await inPieces(spaced, most), atOnce(spaced));
      },
    ),
    { numRuns: 300 },
  );
});

/** Reports whether a position of a JSON text is within a string. */
function isInString(text: string, at: number): boolean {
  let inString = false;
  for (let i = 0; i < at; i += 1) {
    if (text[i] === '\\') i += 1;
    else if (text[i] === '"') inString = !inString;
  }
  return inString;
}

test('parseJson: what is no JSON is none in pieces either', async () => {
  const token = fc.constantFrom(
    '[',
    ']',
    '{',
    '}',
    ',',
    ':',
    '"a"',
    '"a":',
    '1',
    'null',
    ' ',
    '[1,2,3]',
    '{"b":[1]}',
    '"',
    '\\',
  );
  await fc.assert(
    fc.asyncProperty(fc.array(token, { maxLength: 14 }), fc.integer({ min: 1, max: 12 }), async (tokens, most) => {
      const text = tokens.join('');
      assert.deepEqual(await inPieces(text, most), atOnce(text), text);
    }),
    { numRuns: 5000 },
  );
});

for (const text of [
  '[1,[2,3,4],]',
  '[,[2,3,4]]',
  '[[2,3,4],,1]',
  '[[2,3,4]1]',
  '{"a":[2,3,4],}',
  '{[2,3,4]}',
  '{"a" [2,3,4]}',
  '[1 [2,3,4]]',
  '[1,2,3}',
  '[2,3,4][2]',
])
  test(`parseJson refuses ${text}`, async () => assert.equal(await inPieces(text, 4), 'notJSON'));

test('parseJson: numbers that do not fit are refused (RFC 7493 §2.2)', async () => {
  for (const text of ['1e999', '[-1.5E+400]', '{"a":[1e0000309]}', `[${'9'.repeat(310)}]`])
    assert.equal(await inPieces(text, 100), 'notJSON', text.slice(0, 20));
  for (const text of ['1e308', '"1e999"', '1e-999', `["${'9'.repeat(400)}"]`])
    assert.deepEqual(await inPieces(text, 100), atOnce(text));
});

test('parseJson asks the loop after each piece of a long document', async () => {
  let pauses = 0;
  const pause = (): null => {
    pauses += 1;
    return null;
  };
  const calls = Array.from({ length: 300 }, (_, i) => [
    'Email/set',
    { update: { [`E${i}`]: { x: 'y'.repeat(20_000) } } },
    'c',
  ]);
  const text = JSON.stringify({ using: [], methodCalls: calls });
  assert.deepEqual(await parseJson(utf8.encode(text), jmapLimits, pause), JSON.parse(text));
  assert.ok(pauses > (2 * text.length) / (80 * 1024), `${pauses} for ${text.length} bytes`);
});
