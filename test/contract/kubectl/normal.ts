import type { Cluster } from '../harness/cluster.ts';
import { IMAGE } from '../harness/pods.ts';

/** Output without what differs from run to run and from cluster to cluster: names, times, addresses, column widths. */
export function normal(text: string, cluster: Cluster, node: string): string {
  return (
    text
      .replaceAll(/\b[a-z-]+:\/\/[0-9a-z-]{32,}/g, 'CONTAINER')
      .replaceAll(cluster.namespace, 'NAMESPACE')
      .replaceAll(IMAGE, 'IMAGE')
      .replaceAll(new RegExp(`\\b${node}\\b`, 'g'), 'NODE')
      .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'UID')
      .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, (time) =>
        time.startsWith('2026-01-02T') ? time : 'TIME',
      )
      .replaceAll(/\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}/g, 'TIME')
      .replaceAll(/(resourceVersion"?: )"\d+"/gi, '$1"N"')
      .replaceAll(/(Resource Version: +)\d+/g, '$1N')
      .replaceAll(/\b\d{1,3}(\.\d{1,3}){3}\b/g, 'IP')
      .replaceAll(/(Image ID: +)\S+/g, '$1ID')
      .replaceAll(/\/tmp\/(LIVE|MERGED)-\d+/g, '$1')
      .replaceAll(/(?<=\t)\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ [+-]\d{4}/g, 'TIME')
      // A dump of a Go structure, which nobody reads by machine.
      .replaceAll(/(?<=previously negative\)\n)@@ [^]*?\n\n/g, '')
      .replaceAll(/\b(\d+[dhms])+( ago)?\b(?![:/])/g, 'AGE')
      .replaceAll(/<invalid>( ago)?/g, 'AGE') // a clock that is a moment behind
      .replaceAll(/ +$/gm, '')
      // Columns are as wide as the widest of what was replaced; the first words of a line keep their indent.
      .replaceAll(/(?<=\S) {2,}/g, '  ')
      // Several fields that are wrong come in any order, but for the last, which is about all of them.
      .replaceAll(/(^\* \w[\w.[\]]*: .*\n)+/gm, (causes) =>
        causes
          .split(/(?<=\n)/)
          .sort()
          .join(''),
      )
  );
}
