/** Procedures as somebody applies them with kubectl, and what is seen of them and of their pods. */
import { expect } from '@jest/globals';
import type { Part, Stack } from './stack.ts';
import { until } from './until.ts';

/** What the tests look at of a resource's status. */
export interface Status {
  readonly id?: number;
  readonly state?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly phase?: string;
  readonly exitCode?: number;
  readonly signal?: number;
  readonly history?: readonly { readonly state: string }[];
  readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason: string }[];
  readonly output?: { readonly bytes: number; readonly complete: boolean };
}

/** Applies manifests and reads them back. */
export class Procedures {
  readonly #stack: Stack;

  constructor(stack: Stack) {
    this.#stack = stack;
  }

  /** Applies an object of any kind. */
  async object(manifest: object): Promise<void> {
    expect(await this.#stack.kubectl(['apply', '-f', '-'], JSON.stringify(manifest))).toMatchObject({ code: 0 });
  }

  async apply(name: string, spec: object): Promise<void> {
    await this.object({ apiVersion: 'oet.skao.int/v1alpha1', kind: 'Procedure', metadata: { name }, spec });
  }

  /** Applies one whose `main` begins by itself. */
  async run(name: string, source: string, spec: object = {}): Promise<void> {
    await this.apply(name, { script: { inline: source }, startPolicy: 'Automatic', ...spec });
  }

  /** Empty until the operator has written something; throws where the resource cannot be read, unless the API server is away. */
  async status(name: string): Promise<Status> {
    const { code, stdout, stderr } = await this.#stack.kubectl(['get', 'procedure', name, '-o', 'json']);
    if (code === 0) return (JSON.parse(stdout) as { status: Status }).status;
    if (/NotFound/.test(stderr)) throw new Error(stderr);
    return {};
  }

  /** Waits until this holds of its status. */
  async until(name: string, what: string, holds: (status: Status) => boolean): Promise<Status> {
    let last: Status = {};
    const look = async (): Promise<Status | false> => {
      last = await this.status(name);
      return holds(last) && last;
    };
    return until(`${what} of ${name}`, look, { everyMs: 100 }).catch((error: unknown) => {
      throw new Error(`${String(error)}; last seen: ${JSON.stringify(last)}`);
    });
  }

  /** Its last status. */
  end(name: string): Promise<Status> {
    return this.until(name, 'the end', ({ phase }) => phase === 'Finished');
  }

  async output(name: string): Promise<string> {
    const { id } = await this.status(name);
    return id === undefined ? '' : this.#stack.rest.output(id);
  }

  /** Waits until its output is this so far, or matches. */
  async printed(name: string, text: string | RegExp): Promise<void> {
    await until(`${String(text)} in the output of ${name}`, async () => {
      const output = await this.output(name);
      return typeof text === 'string' ? output === text : text.test(output);
    });
  }

  /** Name of its pod; empty without one. */
  async pod(name: string): Promise<string> {
    const selector = `oet.skao.int/procedure=${name}`;
    return (await this.#stack.kubectl(['get', 'pods', '-l', selector, '-o', 'name'])).stdout
      .trim()
      .replace(/^pod\//, '');
  }

  /** Nothing hangs: its pod goes, the operator has nothing left to do, and another run works. */
  async nothingHangs(name: string): Promise<void> {
    await until(`the pod of ${name} to go`, async () => (await this.pod(name)) === '', { everyMs: 200 });
    const after = `${name}-after`;
    await this.run(after, 'def main(): print("works")');
    expect(await this.end(after)).toMatchObject({ state: 'COMPLETE', output: { complete: true } });
    expect(await this.output(after)).toBe('works\n');
  }
}

/** Nothing is left to do for the operator: no run is captured, none waits, and no pass is made any more. */
export async function operatorIdles({ operator }: Stack): Promise<void> {
  let last = '';
  const isIdle = async (): Promise<boolean> => {
    const lines = ((await operator.metrics?.()) ?? '').split('\n');
    const passes = lines.filter((line) => line.startsWith('controller_runtime_reconcile_total')).join();
    const busy = lines.filter((line) =>
      /^(oet_captures|oet_procedures_unfinished|workqueue_depth\S*) [1-9]/.test(line),
    );
    const same = passes !== '' && passes === last;
    last = passes;
    return same && busy.length === 0;
  };
  await until('the operator to be idle', isIdle, { everyMs: 400 });
}

/** The lines of a part's log at level error or above. */
export async function errorsOf(part: Part): Promise<object[]> {
  const lines = (await part.log()).split('\n').filter((line) => line.startsWith('{'));
  return lines.map((line) => JSON.parse(line) as { level: number }).filter(({ level }) => level >= 50);
}

/** The states of a run without `init` that came to `main`, up to its end. */
export const STATES_TO_MAIN = ['CREATING', 'IDLE', 'LOADING', 'IDLE', 'READY', 'RUNNING'] as const;
