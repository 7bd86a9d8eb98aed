import { systemClock } from './clock.ts';
import type { Clock } from './clock.ts';
import { isAlreadyExists, isConflict, isNotFound } from './errors.ts';
import type { ConfigMap } from './kinds.ts';
import type { Resource } from './resources.ts';

/** Name of the ConfigMap that counts procedures. */
const IDS_NAME = 'oet-ids';

/** Where the counter lives. */
export interface IdCounterOptions {
  readonly configMaps: Pick<Resource<ConfigMap>, 'get' | 'create' | 'replace'>;
  /** Name of the ConfigMap; default `oet-ids`. */
  readonly name?: string;
  readonly clock?: Pick<Clock, 'sleep'>;
  readonly random?: () => number;
  /** Attempts against other counters of the same ConfigMap before the conflict is thrown; default 50. */
  readonly attempts?: number;
}

interface Waiter {
  readonly count: number;
  readonly resolve: (first: number) => void;
  readonly reject: (error: unknown) => void;
}

interface State {
  readonly object: ConfigMap;
  readonly next: number;
}

/**
 * Numbers from 1 up that are never given twice, by whatever process: `data.next` of a ConfigMap, advanced by
 * compare-and-swap on its resourceVersion. Calls that come while a swap is under way share the next one. What a swap
 * took and nobody used (a crash, a lost answer) is lost: there may be holes.
 */
export class IdCounter {
  readonly #options: IdCounterOptions;
  readonly #name: string;
  readonly #random: () => number;
  #waiting: Waiter[] = [];
  #busy = false;
  /** As we left the ConfigMap: saves the read as long as nobody else writes. */
  #last: State | undefined;

  constructor(options: IdCounterOptions) {
    this.#options = options;
    this.#name = options.name ?? IDS_NAME;
    this.#random = options.random ?? Math.random;
  }

  /** The first of `count` consecutive numbers. Throws KubeError. */
  next(count = 1): Promise<number> {
    if (!Number.isSafeInteger(count) || count < 1) throw new RangeError(`cannot take ${count} numbers`);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ count, resolve, reject });
      if (!this.#busy) void this.#serve();
    });
  }

  /** Never rejects: errors go to those who wait. */
  async #serve(): Promise<void> {
    this.#busy = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      try {
        let first = await this.#take(batch.reduce((sum, { count }) => sum + count, 0));
        for (const { count, resolve } of batch) {
          resolve(first);
          first += count;
        }
      } catch (error) {
        this.#last = undefined;
        for (const { reject } of batch) reject(error);
      }
    }
    this.#busy = false;
  }

  async #take(count: number): Promise<number> {
    const { attempts = 50, clock = systemClock } = this.#options;
    for (let attempt = 1; ; attempt++) {
      try {
        const state = this.#last ?? (await this.#read());
        const object = await this.#swap(state, count);
        this.#last = { object, next: state.next + count };
        return state.next;
      } catch (error) {
        this.#last = undefined;
        // Somebody else was faster, or the ConfigMap came or went between the read and the write.
        const again = isConflict(error) || isAlreadyExists(error) || isNotFound(error);
        if (!again || attempt >= attempts) throw error;
        await clock.sleep(this.#random() * Math.min(100, 2 * 2 ** attempt));
      }
    }
  }

  async #read(): Promise<State> {
    try {
      const object = await this.#options.configMaps.get(this.#name);
      return { object, next: numberIn(object, this.#name) };
    } catch (error) {
      if (!isNotFound(error)) throw error;
      return { object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: this.#name } }, next: 1 };
    }
  }

  #swap({ object, next }: State, count: number): Promise<ConfigMap> {
    const advanced = { ...object, data: { ...object.data, next: String(next + count) } };
    const { configMaps } = this.#options;
    return object.metadata.resourceVersion === undefined ? configMaps.create(advanced) : configMaps.replace(advanced);
  }
}

/** Somebody may have edited the ConfigMap; starting over at 1 by ourselves would give numbers twice. */
function numberIn({ data }: ConfigMap, name: string): number {
  const text = data?.['next'] ?? '1';
  const next = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(next) || next < 1) {
    throw new Error(`ConfigMap ${name}: data.next is "${text}", not a number from 1 up`);
  }
  return next;
}
