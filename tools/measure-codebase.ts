/** `node tools/measure-codebase.ts [--write]`: measures how the code is built, and with `--write` puts the table into docs/codebase.md. */
import { writeFileSync } from 'node:fs';
import { citationsOf } from './check-rfc.ts';
import { functionsIn } from './check-sizes.ts';
import { doorsOf, exportsWithoutUser } from './doors.ts';
import { importCircles } from './import-circles.ts';
import { flows } from '../test/flows/steps.ts';
import { Tracer } from '../test/flows/trace.ts';
import { startFlowWorld } from '../test/flows/world.ts';
import { isTest, root, sourceFiles, type SourceFile } from './source-files.ts';

/** One line of the table. */
interface Measure {
  readonly name: string;
  readonly figure: string;
  /** Figure wanted. */
  readonly wanted: string;
}

const long = 60;

const files = sourceFiles(['src']).filter(({ path }) => !isTest(path));
const measures = [
  ...sizes(files),
  ...functions(files),
  ...citations(files),
  ...doors(files),
  ...circles(files),
  ...(await traces()),
];
const table = [
  '| measure | figure | wanted |',
  '|---|--:|--:|',
  ...measures.map(({ name, figure, wanted }) => `| ${name} | ${figure} | ${wanted} |`),
  '',
].join('\n');
console.log(table);
if (process.argv.includes('--write')) writeFileSync(`${root}docs/codebase.md`, document());

function sizes(sources: readonly SourceFile[]): Measure[] {
  const lengths = sources.map(linesOf).toSorted((a, b) => a - b);
  const percentile = (part: number): string => String(lengths[Math.floor((lengths.length - 1) * part)] ?? 0);
  const total = lengths.reduce((sum, length) => sum + length, 0);
  return [
    { name: 'files / lines', figure: `${count(lengths.length)} / ${count(total)}`, wanted: '' },
    {
      name: 'lines of a file: median / 90 % are shorter / longest',
      figure: `${percentile(0.5)} / ${percentile(0.9)} / ${percentile(1)}`,
      wanted: '≤ 60 / 200 / 600',
    },
  ];
}

function functions(sources: readonly SourceFile[]): Measure[] {
  const all = sources.flatMap(({ path, text }) => {
    const lines = text.split('\n');
    return functionsIn(lines).map((one) => ({ ...one, path, lines }));
  });
  const refusing = all.filter(({ lines, line, length }) => {
    const head = lines.slice(line - 1, line + length).join('\n');
    return /\): [^{]*\| null\b[^{]* \{/.test(head.split('\n')[0] ?? '') || /\bthrow new \w*Refus/.test(head);
  });
  const documented = refusing.filter(({ lines, line }) =>
    /null|@throws|refus|reject/i.test(docstringAbove(lines, line)),
  );
  const published = refusing.filter(({ lines, line }) => docstringAbove(lines, line) !== '');
  return [
    {
      name: `functions over ${long} lines`,
      figure: count(all.filter(({ length }) => length > long).length),
      wanted: '0 but tables',
    },
    {
      name: 'docstrings of functions that can refuse or return null that say so',
      figure: percent(documented.length, published.length),
      wanted: '≥ 60 %',
    },
  ];
}

function citations(sources: readonly SourceFile[]): Measure[] {
  const cited = sources.flatMap(citationsOf).length;
  const lines = sources.reduce((sum, file) => sum + linesOf(file), 0);
  return [{ name: 'RFC citations in 1,000 lines', figure: ((cited / lines) * 1000).toFixed(1), wanted: '≥ 25' }];
}

function doors(sources: readonly SourceFile[]): Measure[] {
  const exported = sources.flatMap(doorsOf).length;
  const unused = exportsWithoutUser(sources).length;
  return [
    {
      name: 'exports of doors that only tests use outside the folder',
      figure: `${count(unused)} of ${count(exported)} (${percent(unused, exported)})`,
      wanted: '≤ 5 %',
    },
  ];
}

function circles(sources: readonly SourceFile[]): Measure[] {
  const found = importCircles(sources);
  const inside = found.flat().length;
  return [
    {
      name: 'circles of files that import each other (files in them)',
      figure: `${found.length} (${inside})`,
      wanted: '0',
    },
  ];
}

async function traces(): Promise<Measure[]> {
  await using world = await startFlowWorld();
  await using tracer = await Tracer.start();
  const found: Measure[] = [];
  for (const { document: file, name, trace } of flows) {
    const ran = await trace(world, tracer);
    const calls = [...ran.values()].flatMap((functionsOfFile) => [...functionsOfFile.values()]);
    const figure = `${ran.size} / ${count(calls.reduce((sum, one) => sum + one, 0))}`;
    found.push({ name: `files / calls, ${name} ([flows/${file}](flows/${file}))`, figure, wanted: 'fewer' });
  }
  return found;
}

function docstringAbove(lines: readonly string[], line: number): string {
  if (!(lines[line - 2] ?? '').trimEnd().endsWith('*/')) return '';
  const start = lines.slice(0, line - 1).findLastIndex((candidate) => candidate.trimStart().startsWith('/**'));
  return lines.slice(start, line - 1).join('\n');
}

function linesOf({ text }: SourceFile): number {
  return text.split('\n').length - 1;
}

function count(figure: number): string {
  return figure.toLocaleString('en-US');
}

function percent(part: number, whole: number): string {
  return `${((100 * part) / Math.max(whole, 1)).toFixed(0)} %`;
}

function document(): string {
  return `# How the code is built

Made by \`node tools/measure-codebase.ts --write\` from \`src\`, without tests. \`npm run check\` enforces what has a hard limit;
these figures show the rest, so that a change for the worse is seen.

${table}`;
}
