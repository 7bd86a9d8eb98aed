import type { Kube, Method, RequestOptions } from '../client.ts';
import { fromFailure, KubeError } from '../errors.ts';

/** A request that a fake answers: the JSON, or what it throws, or nothing for ever (then the caller's signal ends it). */
export type FakeAnswer = (method: Method, path: string, options: RequestOptions) => unknown;

/** The answer that never comes. */
export const SILENCE: unique symbol = Symbol('no answer');

/** A Kube without a network, for tests that own the time: it answers within the same turn. */
export function fakeKube(answer: FakeAnswer): Kube {
  const refuse = (what: string): never => {
    throw new Error(`a fake Kube has no ${what}`);
  };
  return {
    server: 'http://127.0.0.1',
    namespace: 'default',
    request: async <T>(method: Method, path: string, options: RequestOptions = {}): Promise<T> => {
      await Promise.resolve();
      const { signal } = options;
      const given = answer(method, path, options);
      if (given !== SILENCE) return structuredClone(given) as T;
      return new Promise((_resolve, reject) => {
        const abort = (): void => reject(fromFailure(new Error('aborted'), `${method} ${path}`, 'aborted'));
        if (signal?.aborted) abort();
        else signal?.addEventListener('abort', abort, { once: true });
      });
    },
    stream: () => refuse('streams'),
    wsOptions: () => refuse('WebSockets'),
    close: () => Promise.resolve(),
  };
}

/** A refusal by the API server. */
export function refusal(status: number, reason: string): KubeError {
  return new KubeError(`${reason} (fake)`, { status, reason });
}
