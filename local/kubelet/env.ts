import type { KubeObject } from '../apiserver/objects.ts';
import { fullName, type ContainerSpec, type EnvVar, type KeySelector, type Pod } from './pod.ts';
import { parseQuantity } from './quantity.ts';

/** A container that cannot be made because its configuration names something that is not there. */
export class ConfigError extends Error {
  override readonly name = 'CreateContainerConfigError';
}

/** How the values of other objects are read. */
export type Lookup = (kind: 'secrets' | 'configmaps', namespace: string, name: string) => KubeObject | undefined;

/** What the node knows of itself. */
export interface NodeFacts {
  nodeName: string;
  hostIP: string;
  podIP: string;
}

const TITLES = { secrets: 'secret', configmaps: 'configmap' } as const;
const KINDS = { secrets: 'Secret', configmaps: 'ConfigMap' } as const;

/** The container's environment by its spec: `envFrom`, then `env` with `$(NAME)` expanded. Throws {@link ConfigError}. */
export function containerEnv(
  pod: Pod,
  container: ContainerSpec,
  lookup: Lookup,
  facts: NodeFacts,
): Record<string, string> {
  const namespace = pod.metadata.namespace ?? '';
  const result: Record<string, string> = {};
  for (const { prefix = '', configMapRef, secretRef } of container.envFrom ?? []) {
    const kind = configMapRef ? 'configmaps' : 'secrets';
    const reference = configMapRef ?? secretRef;
    if (!reference) continue;
    const object = lookup(kind, namespace, reference.name ?? '');
    if (!object && !reference.optional) throw new ConfigError(`${TITLES[kind]} "${reference.name ?? ''}" not found`);
    for (const [key, value] of Object.entries(object ? values(kind, object) : {})) result[prefix + key] = value;
  }
  for (const entry of container.env ?? []) {
    const value = entry.valueFrom
      ? fromSource(entry.valueFrom, pod, container, lookup, facts)
      : expand(entry.value ?? '', result);
    if (value !== undefined) result[entry.name] = value;
  }
  return result;
}

/** Refuses what a kubelet refuses of an image whose user is root, as those of Python are. Throws {@link ConfigError}. */
export function checkUser(pod: Pod, container: ContainerSpec): void {
  const user = container.securityContext?.runAsUser ?? pod.spec.securityContext?.runAsUser;
  const nonRoot = container.securityContext?.runAsNonRoot ?? pod.spec.securityContext?.runAsNonRoot;
  if (!nonRoot || (user !== undefined && user !== 0)) return;
  const what =
    user === 0
      ? "container's runAsUser breaks non-root policy"
      : 'container has runAsNonRoot and image will run as root';
  throw new ConfigError(`${what} (pod: "${fullName(pod)}(${pod.metadata.uid ?? ''})", container: ${container.name})`);
}

/** Command and arguments with `$(NAME)` expanded. An image's own command is not known: without one this is a Python. */
export function containerArgv(container: ContainerSpec, env: Record<string, string>): string[] {
  const command = container.command?.length ? container.command : ['python3'];
  return [...command, ...(container.args ?? [])].map((text) => expand(text, env));
}

/** Replaces `$(NAME)` by values; `$$` stands for `$`, and an unknown name is left as it is. */
export function expand(text: string, env: Record<string, string>): string {
  return text.replaceAll(/\$(?:\$|\(([^)]*)\))/g, (all, name?: string) =>
    all === '$$' ? '$' : ((name !== undefined && Object.hasOwn(env, name) ? env[name] : undefined) ?? all),
  );
}

function values(kind: 'secrets' | 'configmaps', object: KubeObject): Record<string, string> {
  const data = (object['data'] ?? {}) as Record<string, string>;
  if (kind === 'configmaps') return data;
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')]),
  );
}

function fromSource(
  source: NonNullable<EnvVar['valueFrom']>,
  pod: Pod,
  container: ContainerSpec,
  lookup: Lookup,
  facts: NodeFacts,
): string | undefined {
  const namespace = pod.metadata.namespace ?? '';
  if (source.secretKeyRef) return keyOf('secrets', source.secretKeyRef, namespace, lookup);
  if (source.configMapKeyRef) return keyOf('configmaps', source.configMapKeyRef, namespace, lookup);
  if (source.fieldRef) return field(pod, source.fieldRef.fieldPath, facts);
  if (source.resourceFieldRef) return resource(container, source.resourceFieldRef);
  return undefined;
}

function keyOf(
  kind: 'secrets' | 'configmaps',
  selector: KeySelector,
  namespace: string,
  lookup: Lookup,
): string | undefined {
  const object = lookup(kind, namespace, selector.name ?? '');
  const value = object && values(kind, object)[selector.key];
  if (value !== undefined || selector.optional) return value;
  if (!object) throw new ConfigError(`${TITLES[kind]} "${selector.name ?? ''}" not found`);
  throw new ConfigError(`couldn't find key ${selector.key} in ${KINDS[kind]} ${namespace}/${selector.name ?? ''}`);
}

function field(pod: Pod, path: string, facts: NodeFacts): string {
  const map = /^metadata\.(labels|annotations)\['(.*)'\]$/.exec(path);
  if (map) return pod.metadata[map[1] as 'labels' | 'annotations']?.[map[2] ?? ''] ?? '';
  const known: Record<string, string | undefined> = {
    'metadata.name': pod.metadata.name,
    'metadata.namespace': pod.metadata.namespace,
    'metadata.uid': pod.metadata.uid,
    'spec.nodeName': facts.nodeName,
    'spec.serviceAccountName': pod.spec.serviceAccountName ?? 'default',
    'status.hostIP': facts.hostIP,
    'status.hostIPs': facts.hostIP,
    'status.podIP': facts.podIP,
    'status.podIPs': facts.podIP,
  };
  if (!Object.hasOwn(known, path)) throw new ConfigError(`field label not supported: ${path}`);
  return known[path] ?? '';
}

function resource(container: ContainerSpec, reference: { resource: string; divisor?: string }): string {
  const [list, name] = reference.resource.split('.') as ['limits' | 'requests', string];
  const value = container.resources?.[list]?.[name];
  if (value === undefined) return '0';
  const divisor = reference.divisor === undefined || reference.divisor === '0' ? 1 : parseQuantity(reference.divisor);
  return String(Math.ceil(parseQuantity(value) / divisor));
}
