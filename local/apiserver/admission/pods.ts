import { isObject, type KubeObject } from '../objects.ts';

type Fields = Record<string, unknown>;

/**
 * Fills in the defaults of a pod that are seen on a real node, in place; with `current` for a change, which keeps the
 * node and the status.
 */
export function defaultPod(pod: KubeObject, current?: KubeObject): void {
  const spec = (pod['spec'] ??= {}) as Fields;
  if (!isObject(spec)) return;
  fill(spec, {
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    dnsPolicy: 'ClusterFirst',
    serviceAccountName: 'default',
    serviceAccount: spec['serviceAccountName'] ?? 'default',
    securityContext: {},
    schedulerName: 'default-scheduler',
    enableServiceLinks: true,
    priority: 0,
    preemptionPolicy: 'PreemptLowerPriority',
  });
  if (spec['tolerations'] === undefined) {
    spec['tolerations'] = ['not-ready', 'unreachable'].map((taint) => ({
      key: `node.kubernetes.io/${taint}`,
      operator: 'Exists',
      effect: 'NoExecute',
      tolerationSeconds: 300,
    }));
  }
  for (const list of [spec['containers'], spec['initContainers']]) {
    if (Array.isArray(list)) for (const container of list) if (isObject(container)) defaultContainer(container);
  }
  if (current === undefined) pod['status'] = { phase: 'Pending', qosClass: qosClass(spec) };
}

function fill(target: Fields, defaults: Fields): void {
  for (const [key, value] of Object.entries(defaults)) target[key] ??= value;
}

function defaultContainer(container: Fields): void {
  const image = typeof container['image'] === 'string' ? container['image'] : '';
  const tag = /:([^/@]+)$/.exec(image)?.[1];
  fill(container, {
    resources: {},
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    imagePullPolicy: !image.includes('@') && (tag === undefined || tag === 'latest') ? 'Always' : 'IfNotPresent',
  });
  const { ports, resources } = container;
  if (Array.isArray(ports)) for (const port of ports) if (isObject(port)) fill(port, { protocol: 'TCP' });
  if (isObject(resources) && isObject(resources['limits'])) {
    resources['requests'] = {
      ...resources['limits'],
      ...(isObject(resources['requests']) ? resources['requests'] : {}),
    };
  }
  for (const probe of ['livenessProbe', 'readinessProbe', 'startupProbe']) {
    const value = container[probe];
    if (isObject(value))
      fill(value, { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 });
  }
}

function qosClass(spec: Fields): string {
  const containers = Array.isArray(spec['containers']) ? spec['containers'].filter(isObject) : [];
  const resources = containers.map((each) => (isObject(each['resources']) ? each['resources'] : {}));
  const filled = (value: unknown): value is Fields => isObject(value) && Object.keys(value).length > 0;
  if (!resources.some((each) => filled(each['requests']) || filled(each['limits']))) return 'BestEffort';
  const guaranteed = resources.every(({ requests, limits }) =>
    ['cpu', 'memory'].every(
      (name) => filled(limits) && limits[name] !== undefined && filled(requests) && requests[name] === limits[name],
    ),
  );
  return guaranteed ? 'Guaranteed' : 'Burstable';
}
