/** The health checks that ship with the chart, evaluated for every state of a Procedure. */
import { describe, expect, it } from '@jest/globals';
import { run } from '@bufbuild/cel';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { API_VERSION, FINAL_STATES, KIND, STATES } from '../../crds/constants.ts';
import { CHART } from './render.ts';

interface Status {
  readonly state?: string;
  readonly phase?: string;
  readonly observedGeneration?: number;
  readonly reason?: string;
  readonly message?: string;
}

const SETTLED: Readonly<Record<string, [argo: string, flux: string]>> = {
  READY: ['Suspended', 'current'],
  RUNNING: ['Progressing', 'current'],
  COMPLETE: ['Healthy', 'current'],
  STOPPED: ['Healthy', 'current'],
  FAILED: ['Degraded', 'failed'],
  UNKNOWN: ['Degraded', 'failed'],
};

const isFinal = (state: string): boolean => (FINAL_STATES as readonly string[]).includes(state);
const CASES: [name: string, generation: number, status: Status, argo: string, flux: string][] = [
  ['just applied', 1, { observedGeneration: -1 }, 'Progressing', 'inProgress'],
  [
    'READY, and edited since',
    3,
    { state: 'READY', phase: 'Active', observedGeneration: 2 },
    'Progressing',
    'inProgress',
  ],
  ['over, and edited since', 3, { state: 'COMPLETE', phase: 'Finished', observedGeneration: 2 }, 'Healthy', 'current'],
  [
    'failed, with a message',
    1,
    { ...settled('FAILED'), reason: 'ScriptError', message: 'KeyError: "x"' },
    'Degraded',
    'failed',
  ],
  ...STATES.map((state): [string, number, Status, string, string] => [
    state,
    1,
    settled(state),
    ...(SETTLED[state] ?? (['Progressing', 'inProgress'] as const)),
  ]),
];

function settled(state: string): Status {
  return { state, phase: isFinal(state) ? 'Finished' : 'Active', observedGeneration: 1 };
}

describe('Flux', () => {
  const [check] = (
    load(readFileSync(join(CHART, 'health/flux.yaml'), 'utf8')) as { healthCheckExprs: Record<string, string>[] }
  ).healthCheckExprs;

  it('knows the resource', () => {
    expect(check).toMatchObject({ apiVersion: API_VERSION, kind: KIND });
  });

  // In Flux's own order.
  it.each(CASES)('%s', (_, generation, status, __, flux) => {
    const variables = {
      metadata: { generation: BigInt(generation) },
      status: { ...status, observedGeneration: BigInt(status.observedGeneration ?? -1) },
    };
    const verdict = ['inProgress', 'failed', 'current'].find((name) => run(check![name]!, variables) === true);
    expect(verdict).toBe(flux);
  });
});

describe('Argo CD', () => {
  const script = readFileSync(join(CHART, 'health/argo-cd.lua'), 'utf8');
  const lua = ['lua5.4', 'lua5.3', 'lua5.1', 'lua'].find((name) => spawnSync(name, ['-v']).status === 0);

  const table = (value: object): string =>
    `{${Object.entries(value)
      .map(([key, inner]) => `${key} = ${typeof inner === 'object' ? table(inner as object) : JSON.stringify(inner)}`)
      .join(', ')}}`;

  // Debian's lua5.4 need not be there; the table of states is compared in any case.
  (lua === undefined ? it.skip : it).each(CASES)('%s', (_, generation, status, argo) => {
    const source = `local obj = ${table({ metadata: { generation }, status })}
local health = (function() ${script} end)()
io.write(health.status, "\\n", health.message)`;
    const { stdout, stderr } = spawnSync(lua!, ['-'], { input: source, encoding: 'utf8' });
    expect(stderr).toBe('');
    const [verdict, ...message] = stdout.split('\n');
    expect(verdict).toBe(argo);
    if (status.message !== undefined)
      expect(message.join('\n')).toBe(`${status.state} (${status.reason}): ${status.message}`);
  });

  it('names every state that is not Progressing', () => {
    const named = Object.fromEntries(
      [...script.matchAll(/^ {2}([A-Z]+) = "(\w+)",$/gm)].map(([, state, health]) => [state, health]),
    );
    const wanted = Object.entries(SETTLED).filter(([, [argo]]) => argo !== 'Progressing');
    expect(named).toEqual(Object.fromEntries(wanted.map(([state, [argo]]) => [state, argo])));
  });
});
