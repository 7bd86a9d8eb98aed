import type { Cluster } from './harness/cluster.ts';

/** Something that a cluster does and our code relies on. */
export interface ContractCase {
  /** What it does, in words. */
  name: string;
  /** Turns a knob or disturbs the node: nothing runs beside it, or nothing on the embedded cluster. */
  alone?: true | 'embedded';
  /** Fails, by an expectation or an error, where the cluster does otherwise. */
  run(cluster: Cluster): Promise<void>;
}

/** A case, for lists that read as a table. */
export function contract(name: string, run: ContractCase['run']): ContractCase {
  return { name, run };
}

/** A case beside which nothing runs. */
export function alone(name: string, run: ContractCase['run']): ContractCase {
  return { name, alone: true, run };
}

/** A case that turns a knob where there are some, and waits for what a real one does by itself. */
export function knobbed(name: string, run: ContractCase['run']): ContractCase {
  return { name, alone: 'embedded', run };
}
