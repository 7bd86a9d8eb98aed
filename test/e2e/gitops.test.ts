/** Tools that apply the same manifests again and again: one run each, nothing refused, no drift. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startStack, type Stack } from './harness/stack.ts';
import { until } from './harness/until.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack.close());

const LABEL = 'oet.example/set';
const procedure = (name: string, set: string, n = 10): object => ({
  apiVersion: 'oet.skao.int/v1alpha1',
  kind: 'Procedure',
  metadata: { name, labels: { [LABEL]: set } },
  spec: {
    startPolicy: 'Automatic',
    script: {
      inline: 'import time\ndef main(n):\n  for i in range(n):\n    print(i, flush=True)\n    time.sleep(0.1)\n',
    },
    main: { kwargs: { n } },
  },
});
const list = (...items: object[]): string => JSON.stringify({ apiVersion: 'v1', kind: 'List', items });

async function field(name: string, path: string): Promise<string> {
  return (await stack.kubectl(['get', 'procedure', name, '-o', `jsonpath=${path}`])).stdout;
}

const WAYS: [how: string, flags: (set: string) => string[]][] = [
  ['client-side', () => []],
  [
    'client-side with prune',
    (set) => ['--prune', '-l', `${LABEL}=${set}`, '--prune-allowlist=oet.skao.int/v1alpha1/Procedure'],
  ],
  ['server-side', () => ['--server-side', '--field-manager=gitops']],
  ['server-side by force', () => ['--server-side', '--field-manager=gitops', '--force-conflicts']],
];

const PRUNE = WAYS.find(([how]) => how.includes('prune'))!;
const setOf = (how: string): string => how.replaceAll(' ', '-');

/** So long that several applies come while it runs, though a busy machine takes seconds for one: ten lines a second. */
const LINES = 120;

describe('applied every second', () => {
  it.concurrent.each(WAYS)('%s: runs once and then stays as it is', async (how, flags) => {
    const set = setOf(how);
    const names = [`a-${set}`, `b-${set}`];
    const manifest = list(...names.map((name) => procedure(name, set, LINES)));
    const states: string[][] = [];
    const uids = new Set<string>();
    await until(
      'its end, applied all the time and three times after it',
      async () => {
        expect(await stack.kubectl(['apply', ...flags(set), '-f', '-'], manifest)).toMatchObject({ code: 0 });
        states.push(await Promise.all(names.map((name) => field(name, '{.status.state}'))));
        uids.add(await field(names[0]!, '{.metadata.uid}'));
        return states.filter((both) => both.every((state) => state === 'COMPLETE')).length > 3;
      },
      { everyMs: 1_000 },
    );
    expect(states.flat()).toContain('RUNNING');
    expect(uids.size).toBe(1);
    for (const name of names) {
      expect(await field(name, '{.metadata.generation}')).toBe('1');
      const id = Number(await field(name, '{.status.id}'));
      expect(await stack.rest.output(id)).toBe(Array.from({ length: LINES }, (_, i) => `${i}\n`).join(''));
      const { history } = await stack.rest.get(id);
      expect(history.process_states.filter(([state]) => state === 'RUNNING')).toHaveLength(1);
    }
    const diff = ['diff', ...flags(set).filter((flag) => !/prune|^-l$|=/.test(flag) || flag.startsWith('--field'))];
    expect(await stack.kubectl([...diff, '-f', '-'], manifest)).toMatchObject({ code: 0, stdout: '' });
  });

  it('with prune, goes when it is no longer in the set, and only it', async () => {
    const [how, flags] = PRUNE;
    const set = setOf(how);
    const rest = list(procedure(`b-${set}`, set, LINES));
    expect(await stack.kubectl(['apply', ...flags(set), '-f', '-'], rest)).toMatchObject({ code: 0 });
    await until('the pruning', async () => (await field(`a-${set}`, '{.metadata.name}')) === '');
    expect(await field(`b-${set}`, '{.status.state}')).toBe('COMPLETE');
  });
});

it('with an execution key, replaced by force it does not run again', async () => {
  const [item] = (JSON.parse(list(procedure('keyed', 'keyed'))) as { items: { spec: object }[] }).items;
  const manifest = JSON.stringify({ ...item, spec: { ...item?.spec, executionKey: 'observation-1' } });
  expect(await stack.kubectl(['apply', '-f', '-'], manifest)).toMatchObject({ code: 0 });
  await until('its end', async () => (await field('keyed', '{.status.state}')) === 'COMPLETE');
  expect(await stack.kubectl(['replace', '--force', '-f', '-'], manifest)).toMatchObject({ code: 0 });
  await until('its second end', async () => (await field('keyed', '{.status.phase}')) === 'Finished');
  expect(await field('keyed', '{.status.state} {.status.reason}')).toBe('STOPPED AlreadyExecuted');
  expect(await stack.rest.output(Number(await field('keyed', '{.status.id}')))).toBe('');
});

it('replaced by force it is another Procedure, which runs again', async () => {
  const manifest = list(procedure('replaced', 'replaced'));
  await stack.kubectl(['apply', '-f', '-'], manifest);
  await until('its end', async () => (await field('replaced', '{.status.state}')) === 'COMPLETE');
  const [uid, id] = [await field('replaced', '{.metadata.uid}'), await field('replaced', '{.status.id}')];
  expect(await stack.kubectl(['replace', '--force', '-f', '-'], manifest)).toMatchObject({ code: 0 });
  await until('its second end', async () => (await field('replaced', '{.status.state}')) === 'COMPLETE');
  expect(await field('replaced', '{.metadata.uid}')).not.toBe(uid);
  expect(Number(await field('replaced', '{.status.id}'))).toBeGreaterThan(Number(id));
});
