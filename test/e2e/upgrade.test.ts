/** Another version of the operator takes over what the version before began: its pods, and what they are in the middle of. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { operatorWith, previousTexts, textsSaying, type Texts } from './harness/installation.ts';
import { EMBEDDED } from './harness/node.ts';
import { ENDLESS, numbered, waiting } from './harness/scripts.ts';
import { startStack, type Part, type Stack } from './harness/stack.ts';
import { until } from './harness/until.ts';

const MANY = EMBEDDED ? 20 : 8;

let stack: Stack;
let texts: Texts;
let previous: Part;

beforeAll(async () => {
  stack = await startStack();
  texts = await previousTexts();
  previous = await operatorWith(texts, stack, 'previous');
});
afterAll(async () => {
  await previous.kill();
  await stack.close();
});

/** The previous operator is the one at work. */
beforeEach(async () => {
  await stack.operator.kill('SIGTERM');
  await previous.start();
});

async function upgrade(): Promise<void> {
  await previous.kill('SIGKILL');
  await stack.operator.start();
}

const { source: PRINTS, whole: WHOLE } = numbered(2_000, 0.003);

const many = <T>(what: (i: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: MANY }, (_, i) => what(i)));

async function get(kind: string, id: number, path: string): Promise<string> {
  const { stdout } = await stack.kubectl([
    ...['get', kind, '-l', `oet.skao.int/id=${id}`],
    ...['-o', `jsonpath={.items[0]${path}}`],
  ]);
  return stdout;
}

/** That its pod was made by the previous operator, so that a case is about what it says. */
async function isOfPrevious(id: number): Promise<void> {
  expect(await get('pods', id, '.spec.containers[0].command[3]')).toBe(texts.bootstrap);
}

async function ranOnce(id: number): Promise<void> {
  const { history } = await stack.rest.get(id);
  expect(history.process_states.filter(([state]) => state === 'RUNNING')).toHaveLength(1);
}

describe('what the previous operator began', () => {
  it(`goes on: ${MANY} scripts in the middle of their output, one of them followed`, async () => {
    const { rest } = stack;
    const ids = await many(() => rest.create(PRINTS));
    await Promise.all(ids.map((id) => rest.state(id, 'READY')));
    await isOfPrevious(ids[0] ?? 0);
    await Promise.all(ids.map((id) => rest.start(id)));
    const followed = rest.follow(ids[0] ?? 0);
    await Promise.all(ids.map((id) => until('some output', async () => (await rest.output(id)).length > 1_000)));

    await upgrade();

    await Promise.all(ids.map((id) => rest.state(id, 'COMPLETE')));
    for (const id of ids) {
      expect(await rest.output(id)).toBe(WHOLE);
      await ranOnce(id);
      expect(await get('procedures', id, '.status.output.complete')).toBe('true');
    }
    await followed.done;
    expect(followed.text()).toBe(WHOLE);
  });

  it('is stopped', async () => {
    const { rest } = stack;
    const [early, late] = await Promise.all([rest.run(ENDLESS), rest.run(ENDLESS)]);
    const ids = [early, late];
    for (const id of ids) await until('its first line', async () => (await rest.output(id)) === 'up\n');
    await isOfPrevious(early);

    // One is stopped while nobody is there, one when the new operator has it.
    await previous.kill('SIGKILL');
    const answered = rest.stop(early); // at the end of the script
    await until('the stop', async () => (await get('procedures', early, '.spec.stop.mode')) !== '');
    await stack.operator.start();
    expect((await answered).status).toBe(200);
    expect((await rest.stop(late)).status).toBe(200);

    for (const id of ids) {
      expect(await rest.state(id, 'STOPPED')).toMatchObject({ reason: 'Stopped' });
      expect(await rest.output(id)).toBe('up\ncleaned up\n');
    }
  });

  it('waits in READY for its start', async () => {
    const { rest } = stack;
    const id = await rest.create('def init(): print("prepared")\ndef main(): print("run")');
    await rest.state(id, 'READY');
    await isOfPrevious(id);

    await upgrade();
    await rest.start(id);

    await rest.state(id, 'COMPLETE');
    expect(await rest.output(id)).toBe('prepared\nrun\n');
    await ranOnce(id);
  });

  it('had only just been asked for', async () => {
    const { rest } = stack;
    const ids = await many(() => rest.create('def init(): print("prepared")\ndef main(): print("run")'));
    // Wherever each of them is: claimed, without a pod, before its permit, being loaded.
    await until('a pod', async () => (await stack.kubectl(['get', 'pods', '-o', 'name'])).stdout !== '');

    await upgrade();

    for (const id of ids) {
      await rest.state(id, 'READY');
      await rest.start(id);
    }
    for (const id of ids) {
      await rest.state(id, 'COMPLETE');
      expect(await rest.output(id)).toBe('prepared\nrun\n');
      await ranOnce(id);
    }
  });

  it('ended while nobody was there', async () => {
    const { rest } = stack;
    const { source, goOn } = waiting(stack, 'a', 'raise ValueError("b")');
    const id = await rest.run(source);
    const pod = await get('pods', id, '.metadata.name');
    await until('its first line', async () => (await rest.output(id)) === 'a\n');
    await previous.kill('SIGKILL');
    await goOn(pod);
    await until('the end in its log', async () => (await stack.kubectl(['logs', pod])).stdout.includes('"k":"end"'));

    await stack.operator.start();

    expect(await rest.state(id, 'FAILED')).toMatchObject({ reason: 'ScriptError', message: 'ValueError: b' });
    expect(await rest.output(id)).toBe('a\n');
  });
});

describe('what this operator makes', () => {
  it('records what was loaded, from anywhere', async () => {
    await upgrade();
    const { rest, kubectl } = stack;
    // A file of the pod's own: the operator never sees its bytes.
    const file = '/proc/self/cmdline';
    const script = { file };
    const manifest = {
      apiVersion: 'oet.skao.int/v1alpha1',
      kind: 'Procedure',
      metadata: { name: 'own' },
      spec: { script },
    };
    expect(await kubectl(['apply', '-f', '-'], JSON.stringify(manifest))).toMatchObject({ code: 0 });
    const status = async () => JSON.parse((await kubectl(['get', 'procedure', 'own', '-o', 'json'])).stdout).status;
    await until('the end', async () => (await status()).phase === 'Finished');
    expect((await status()).source).toEqual({ uri: `file://${file}`, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) });

    const id = await rest.run('def main(): pass');
    await rest.state(id, 'COMPLETE');
    expect(await get('procedures', id, '.status.source.sha256')).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe('a pod of a version that this operator does not know', () => {
  it.each([0, 3])('%i: fails, says so, and is gone', async (version) => {
    await previous.kill('SIGKILL');
    const other = await operatorWith(await textsSaying(version), stack, `version-${version}`);
    await other.start();
    try {
      const { rest } = stack;
      const id = await rest.create('def main(): print("never")');
      const { reason, message } = await rest.state(id, 'FAILED');
      expect(reason).toBe('ProtocolVersion');
      expect(message).toContain(`speaks protocol version ${version}`);
      expect(await rest.output(id)).toBe('');
      await until('its pod to go', async () => (await get('pods', id, '.metadata.name')) === '');
    } finally {
      await other.kill();
    }
  });
});

it('the operators logged no error', async () => {
  for (const line of (await stack.operator.log()).split('\n').filter((one) => one.startsWith('{')))
    expect(JSON.parse(line).level < 50 || line).toBe(true);
});
