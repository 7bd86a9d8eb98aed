import type { Pod } from '../../kube/index.ts';
import { IMAGE } from './world.ts';

/** The smallest pod that runs Python: no volume, no token, as script pods are. */
export function barePod(name: string, source: string): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: {
      restartPolicy: 'Never',
      enableServiceLinks: false,
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: 1,
      containers: [
        {
          name: 'main',
          image: IMAGE,
          imagePullPolicy: 'IfNotPresent',
          stdin: true,
          command: ['python3', '-u', '-c', source],
        },
      ],
    },
  };
}
