/** docs/failures.md against the code: every reason has a row, every reason of a row is one, and every row says which test shows it. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';

const ROOT = new URL('../', import.meta.url);
const text = (path: string): string => readFileSync(new URL(path, ROOT), 'utf8');

/** Capitalised words of the operator's code that are no reasons: values of Kubernetes' own fields, phases, events' actions. */
const OTHER_WORDS = new Set(
  [
    'Active Finished Failed Succeeded Unknown True False', // phases and conditions
    'Always IfNotPresent Never RuntimeDefault PodScheduled ContainerCannotRun', // pods
    'Automatic Manual Graceful Immediate', // the spec
    'CaptureDegraded CreatePod Capture Finish Wait Normal Warning Pod', // what people are told, and where
    'ErrImagePull Terminated External Retention', // known by another name, or only in a log
  ].flatMap((words) => words.split(' ')),
);
/** Reasons that Kubernetes writes into a pod's conditions, passed on as they are. */
const KUBERNETES = [
  'EvictionByEvictionAPI',
  'PreemptionByScheduler',
  'TerminationByKubelet',
  'DeletionByTaintManager',
  'DeletionByPodGC',
];

function codeWords(): Set<string> {
  const files = readdirSync(new URL('operator', ROOT), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts') && !path.startsWith('testing'))
    .map((path) => text(`operator/${path}`));
  const quoted = files.flatMap((source) => [...source.matchAll(/'([A-Z][A-Za-z]*[a-z][A-Za-z]*)'/g)]);
  const waiting = [...text('operator/decide/stuck.ts').matchAll(/^ {2}([A-Z]\w+): (?:true|false),$/gm)];
  const runner = [...text('runner/oet_runner/verdict.py').matchAll(/"([A-Z][a-z][A-Za-z]+)"/g)];
  return new Set([...quoted, ...waiting, ...runner].map(([, word = '']) => word));
}

interface RowOfTable {
  readonly section: string;
  readonly text: string;
  readonly cells: readonly string[];
}

function rows(): RowOfTable[] {
  return text('docs/failures.md')
    .split(/^## /m)
    .flatMap((part) => {
      const section = part.split('\n')[0] ?? '';
      const lines = part.split('\n').filter((line) => line.startsWith('|'));
      return lines.slice(2).map((line) => ({
        section,
        text: line,
        cells: line.split(' | ').map((cell) => cell.replace(/^\| | \|$/g, '')),
      }));
    });
}

describe('docs/failures.md', () => {
  const page = text('docs/failures.md');
  const told = new Set([...page.matchAll(/`([A-Z][A-Za-z]*[a-z][A-Za-z]*)`/g)].map(([, word = '']) => word));
  const words = codeWords();

  it('has every reason that the operator or a runner can give', () => {
    expect([...words].filter((word) => !OTHER_WORDS.has(word) && !told.has(word))).toEqual([]);
  });

  it('names no reason that nobody gives', () => {
    const known = new Set([...words, ...KUBERNETES, 'AttributeError', 'PermissionError', 'CaptureDegraded']);
    expect([...told].filter((word) => !known.has(word))).toEqual([]);
  });

  it.each(rows())('says which test shows: $text', ({ cells }) => {
    const test = cells.at(-1) ?? '';
    if (/^none\b/.test(test)) return;
    const path = /\.(ts|py)$/.test(test) ? test : `test/e2e/${test}.test.ts`;
    const source = text(path);
    const reasons = [
      ...cells
        .slice(0, -1)
        .join(' ')
        .matchAll(/`([A-Z]\w+)`/g),
    ].map(([, word = '']) => word);
    const given = reasons.filter((reason) => words.has(reason) && !OTHER_WORDS.has(reason));
    if (given.length > 0) expect(given.filter((reason) => source.includes(reason))).not.toEqual([]);
  });
});
