import type { Report } from '../report.ts';
import type { World } from '../world.ts';

/** What a part is given. */
export interface Order {
  readonly report: Report;
  /** How many samples of each row; a part whose samples are long takes fewer, and says so. */
  readonly n: number | undefined;
}

interface Named {
  readonly name: string;
  readonly what: string;
  /** Takes minutes, or a machine to itself: only where it is asked for by name. */
  readonly long?: true;
}

/** A part that needs nothing but this machine. */
export interface LocalPart extends Named {
  readonly run: (order: Order) => Promise<void>;
}

/** A part that needs the product on a cluster. */
export interface ClusterPart extends Named {
  readonly runOn: (world: World, order: Order) => Promise<void>;
}
