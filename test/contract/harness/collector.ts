import type { Cluster } from './cluster.ts';
import { until } from './poll.ts';
import { INLINE, procedure } from './procedures.ts';

/** The collector looks for new kinds every 30 s, and takes a new one in when all are synced. */
const KNOWN_WITHIN_SECONDS = 240;
const waits = new WeakMap<Cluster, Promise<unknown>>();

/**
 * Waits until the garbage collector knows Procedures: for up to a minute after their CRD came, nothing that a Procedure
 * owns is collected. Each look makes a pair of its own, since what failed is tried again ever more seldom.
 */
export function collectorKnowsProcedures(cluster: Cluster): Promise<unknown> {
  const known = waits.get(cluster) ?? pairsUntilOneGoes(cluster);
  waits.set(cluster, known);
  return known;
}

function pairsUntilOneGoes(cluster: Cluster): Promise<unknown> {
  const pairs: string[] = [];
  const look = async (): Promise<boolean> => {
    for (const pair of pairs) if ((await cluster.call('GET', pair)).code === 404) return true;
    const name = cluster.unique('collected');
    const { apiVersion, kind, metadata } = await cluster.must('POST', cluster.procedures(), procedure(name, INLINE));
    const ownerReferences = [{ apiVersion, kind, name, uid: metadata.uid }];
    await cluster.must('POST', cluster.core('configmaps'), { metadata: { name, ownerReferences } });
    await cluster.must('DELETE', cluster.procedures(name));
    pairs.push(cluster.core('configmaps', name));
    return false;
  };
  return until('the garbage collector to know Procedures', look, { seconds: KNOWN_WITHIN_SECONDS, everyMs: 1000 });
}
