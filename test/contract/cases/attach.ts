import { createHash } from 'node:crypto';
import { expect } from '@jest/globals';
import { contract } from '../case.ts';
import type { ContractCase } from '../case.ts';
import type { Cluster } from '../harness/cluster.ts';
import { Refused } from '../harness/attach.ts';
import { ECHO, IDLE } from '../harness/pods.ts';
import type { PodChange } from '../harness/pods.ts';
import { LONG_SECONDS, pause, until } from '../harness/poll.ts';
import type { Lines } from '../harness/stream.ts';

/** A pod whose container has said hello, and its log. */
async function ready(
  cluster: Cluster,
  prefix: string,
  source: string,
  change?: PodChange,
): Promise<{ name: string; log: Lines }> {
  const name = cluster.unique(prefix);
  await cluster.pods.create(name, source, change);
  const log = await cluster.pods.follow(name);
  await log.find(/hello/);
  return { name, log };
}

const refusal = (attempt: Promise<unknown>): Promise<unknown> =>
  attempt.then(
    () => 'opened',
    (error: unknown) => (error instanceof Refused ? [error.code, error.message] : error),
  );

/** Attaching to a container over a WebSocket. */
export const ATTACHES: readonly ContractCase[] = [
  contract('an attach reaches stdin, and the protocol is the newest', async (cluster) => {
    const { name, log } = await ready(cluster, 'stdin', ECHO);
    const attached = await cluster.attach(name);
    await attached.send('one\n');
    await log.find(/^got one$/);
    await attached.close();

    expect(attached.protocol).toBe('v5.channel.k8s.io');
    expect(attached.events.filter((event) => event.startsWith('channel 3'))).toEqual([]);
  }),

  contract('an attach with stdout has what is written from then on', async (cluster) => {
    const { name } = await ready(cluster, 'stdout', ECHO);
    const attached = await cluster.attach(name, 'container=main&stdin=true&stdout=true');
    await attached.send('one\n');
    const text = await attached.find(/got one\n/);
    await attached.close();

    expect(text).toBe('got one\n');
  }),

  contract('stdout and stderr have channels of their own', async (cluster) => {
    const source =
      "import os\nos.write(1, b'hello\\n')\nos.read(0, 99)\nos.write(2, b'err\\n')\nos.write(1, b'out\\n')\nos.read(0, 99)";
    const { name } = await ready(cluster, 'channels', source);
    const attached = await cluster.attach(name, 'container=main&stdin=true&stdout=true&stderr=true');
    await attached.send('go\n');
    await attached.find(/out\n/);
    await until('stderr', () => attached.text(2).includes('\n'));

    expect([attached.text(1), attached.text(2)]).toEqual(['out\n', 'err\n']);
  }),

  contract('the end of the container is a Success and a close with 1000', async (cluster) => {
    const { name } = await ready(
      cluster,
      'success',
      "import os\nos.write(1, b'hello\\n')\nos.read(0, 99)\nos._exit(3)",
    );
    const attached = await cluster.attach(name, 'container=main&stdin=true&stdout=true');
    await attached.send('go\n');
    await attached.closed;

    expect(attached.outcome()).toMatchObject({ status: 'Success' });
    expect(attached.events.at(-1)).toBe('close 1000');
  }),

  contract('stdin outlives a close and a reset of the client, and sees no end of file', async (cluster) => {
    const { name, log } = await ready(cluster, 'survives', ECHO);
    const first = await cluster.attach(name);
    await first.send('first\n');
    await log.find(/^got first$/);
    await first.close();
    const second = await cluster.attach(name);
    await second.send('second\n');
    await log.find(/^got second$/);
    second.socket.terminate();
    await second.closed;
    const third = await cluster.attach(name);
    await third.send('third\n');
    await log.find(/^got third$/);
    await third.close();

    expect(log.all).not.toContain('EOF');
    expect((await cluster.pods.get(name)).json.status.phase).toBe('Running');
  }),

  contract('attach, say a word, be heard, leave: ten times over', async (cluster) => {
    const { name, log } = await ready(cluster, 'again', ECHO);
    let quickest = Infinity;
    // One that is quick says that it can be; a busy machine may hold up any of them.
    const end = performance.now() + LONG_SECONDS * 1000;
    for (let index = 0; index < 10 || (quickest >= 1000 && performance.now() < end); index++) {
      const started = performance.now();
      const attached = await cluster.attach(name);
      await attached.send(`${index}\n`);
      quickest = Math.min(quickest, (await log.find(new RegExp(`^got ${index}$`))).at - started);
      await attached.close();
    }

    expect(quickest).toBeLessThan(1000); // 33 ms where nothing else runs
  }),

  contract('two attaches at once both reach stdin', async (cluster) => {
    const { name, log } = await ready(cluster, 'two', ECHO);
    const one = await cluster.attach(name);
    const other = await cluster.attach(name);
    await one.send('one\n');
    await log.find(/got one$/);
    await other.send('other\n');
    await log.find(/got other$/);
    await one.close();
    await other.send('still\n');
    await log.find(/got still$/);
    await other.close();
  }),

  contract('a megabyte over stdin arrives whole', async (cluster) => {
    const source =
      "import hashlib, os\nos.write(1, b'hello\\n')\nh, n = hashlib.sha256(), 0\nwhile n < 1 << 20:\n    data = os.read(0, 65536)\n    h.update(data); n += len(data)\nprint('sum', n, h.hexdigest(), flush=True)\nos.read(0, 99)";
    const { name, log } = await ready(cluster, 'large', source);
    const attached = await cluster.attach(name);
    for (let index = 0; index < 32; index++) await attached.send(Buffer.alloc(32_768, index));
    const { line } = await log.find(/^sum/);
    await attached.close();
    const hash = createHash('sha256');
    for (let index = 0; index < 32; index++) hash.update(Buffer.alloc(32_768, index));

    expect(line).toBe(`sum 1048576 ${hash.digest('hex')}`);
  }),

  contract('what makes no sense is refused before the upgrade', async (cluster) => {
    const { name } = await ready(cluster, 'refused', IDLE);
    const homeless = cluster.unique('homeless');
    await cluster.pods.create(homeless, IDLE, { spec: { nodeSelector: { 'contract.example.com/no': 'where' } } });
    const plain = await cluster.call('GET', `${cluster.pods.pathOf(name)}/attach`, undefined, {
      query: { container: 'main', stdin: true },
    });

    expect(await refusal(cluster.attach('nobody'))).toEqual([404, 'pods "nobody" not found']);
    expect(await refusal(cluster.attach(name, 'container=nobody&stdin=true'))).toEqual([
      400,
      `container nobody is not valid for pod ${name}`,
    ]);
    expect(await refusal(cluster.attach(homeless))).toEqual([400, `pod ${homeless} does not have a host assigned`]);
    expect(plain.json).toMatchObject({ code: 400, message: 'Upgrade request required' });
  }),

  contract('an ended container, or no stream asked for: opens, a Failure on channel 3, close 1000', async (cluster) => {
    const ended = cluster.unique('ended');
    await cluster.pods.create(ended, 'print(1)');
    await cluster.pods.ended(ended);
    const attached = await cluster.attach(ended);
    await attached.closed;
    const { name } = await ready(cluster, 'nostream', IDLE);
    const none = await cluster.attach(name, 'container=main');
    await none.closed;

    expect(attached.events[0]).toBe('open');
    expect(attached.outcome()).toMatchObject({ status: 'Failure', code: 500, reason: 'InternalError' });
    expect(attached.outcome()!.message).toMatch(/^Internal error occurred: /);
    expect(attached.events.at(-1)).toBe('close 1000');
    expect(none.outcome()!.message).toContain('you must specify at least 1 of stdin, stdout, stderr');
    expect(none.events.at(-1)).toBe('close 1000');
  }),

  contract('an image that is not there: opens, a Failure on channel 3, close 1000', async (cluster) => {
    const name = cluster.unique('noimage');
    await cluster.pods.create(name, '', {
      container: { image: 'localhost/does-not-exist:1', imagePullPolicy: 'Never' },
    });
    await cluster.pods.until(
      name,
      'its reason',
      ({ status }) => status.containerStatuses?.[0]?.state.waiting?.reason === 'ErrImageNeverPull',
    );
    const attached = await cluster.attach(name);
    await attached.closed;

    expect(attached.outcome()).toMatchObject({ status: 'Failure', code: 500 });
    expect(attached.outcome()!.message).toMatch(new RegExp(`container main not found in pod ${name}_`));
    expect(attached.events.at(-1)).toBe('close 1000');
  }),

  contract('a container without stdin answers Success to bytes that nobody reads', async (cluster) => {
    const { name } = await ready(cluster, 'deaf', IDLE, { container: { stdin: false } });
    const attached = await cluster.attach(name);
    await attached.send('start\n').catch(() => undefined); // it may be closed already
    await attached.closed;

    expect(attached.outcome()).toMatchObject({ status: 'Success' });
    expect(attached.events.at(-1)).toBe('close 1000');
  }),

  contract('an attach with stdout has the answer before the log opens', async (cluster) => {
    // Mostly half a second before; a busy machine may keep it back in one start, or in some.
    let [answerAt, logAt] = [Infinity, 0];
    for (let start = 0; start < 20 && answerAt >= logAt + 250; start++) {
      const name = cluster.unique('early');
      await cluster.pods.create(name, ECHO);
      const opened = cluster.pods.follow(name).then(async (log) => (await log.find(/hello/)).at);
      answerAt = await until('an answer', async () => {
        const attached = await cluster.attach(name, 'container=main&stdin=true&stdout=true').catch(() => undefined);
        if (!attached) return undefined; // no node yet
        await attached.send('x\n').catch(() => undefined);
        while (attached.socket.readyState === attached.socket.OPEN) {
          if (attached.text(1).includes('got')) return performance.now();
          await pause(1);
        }
        return undefined;
      });
      logAt = await opened;
    }

    expect(answerAt).toBeLessThan(logAt + 250);
  }),
];
