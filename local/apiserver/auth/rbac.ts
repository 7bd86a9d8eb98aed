import { ApiError, qualified } from '../errors.ts';
import type { KubeObject } from '../objects.ts';
import type { Storage } from '../storage.ts';
import { MASTERS, type User } from './users.ts';

/** What somebody wants to do: to a resource, or to a path that is none. */
export interface Attributes {
  verb: string;
  group?: string | undefined;
  resource?: string | undefined;
  subresource?: string | undefined;
  namespace?: string | undefined;
  name?: string | undefined;
  path?: string | undefined;
}

/** A rule of a role: about resources, or about paths that are none. */
export interface PolicyRule {
  verbs?: string[];
  apiGroups?: string[];
  resources?: string[];
  resourceNames?: string[];
  nonResourceURLs?: string[];
}

interface Binding extends KubeObject {
  subjects?: { kind: string; name: string; namespace?: string }[];
  roleRef: { kind: string; name: string };
}

const RBAC = 'rbac.authorization.k8s.io';

/** Who may do what, by the Roles, ClusterRoles and their bindings in the store. */
export interface Authorizer {
  allowed(user: User, attributes: Attributes): boolean;
  /** All that is granted to a user in a namespace and in the cluster. */
  rules(user: User, namespace: string): PolicyRule[];
}

/** Decides by what is in the store at the moment. */
export function createAuthorizer(storage: Storage): Authorizer {
  function rulesOf({ roleRef }: Binding, namespace: string | undefined): PolicyRule[] {
    const role =
      roleRef.kind === 'Role'
        ? storage.get(`${RBAC}/roles`, namespace, roleRef.name)
        : storage.get(`${RBAC}/clusterroles`, undefined, roleRef.name);
    return (role?.['rules'] ?? []) as PolicyRule[];
  }

  function binds(binding: Binding, user: User): boolean {
    const { namespace: own } = binding.metadata;
    return (binding.subjects ?? []).some(({ kind, name, namespace = own }) => {
      if (kind === 'Group') return user.groups.includes(name);
      if (kind === 'ServiceAccount') return user.username === `system:serviceaccount:${namespace ?? ''}:${name}`;
      return user.username === name;
    });
  }

  function* granted(user: User, gvr: string, scope: string | undefined): Generator<PolicyRule> {
    for (const binding of storage.list(`${RBAC}/${gvr}`, scope) as Binding[]) {
      if (binds(binding, user)) yield* rulesOf(binding, scope);
    }
  }

  function* rules(user: User, namespace: string | undefined): Generator<PolicyRule> {
    yield* granted(user, 'clusterrolebindings', undefined);
    if (namespace !== undefined) yield* granted(user, 'rolebindings', namespace);
  }

  return {
    allowed(user, attributes) {
      if (user.groups.includes(MASTERS)) return true;
      for (const rule of rules(user, attributes.namespace)) if (permits(rule, attributes)) return true;
      return false;
    },
    rules: (user, namespace) => [...rules(user, namespace)],
  };
}

function permits(rule: PolicyRule, { verb, group = '', resource, subresource, name, path }: Attributes): boolean {
  const has = (list: string[] | undefined, value: string): boolean =>
    list?.some((each) => each === '*' || each === value) ?? false;
  if (!has(rule.verbs, verb)) return false;
  if (path !== undefined) {
    return (
      rule.nonResourceURLs?.some(
        (each) => each === path || (each.endsWith('*') && path.startsWith(each.slice(0, -1))),
      ) ?? false
    );
  }
  if (resource === undefined || !has(rule.apiGroups, group)) return false;
  const full = subresource === undefined ? resource : `${resource}/${subresource}`;
  if (!has(rule.resources, full) && !(subresource !== undefined && has(rule.resources, `*/${subresource}`)))
    return false;
  return !rule.resourceNames?.length || (name !== undefined && rule.resourceNames.includes(name));
}

/** The 403 for what is not allowed. */
export function denied(user: User, attributes: Attributes): ApiError {
  const { verb, group = '', resource, subresource, namespace, name, path } = attributes;
  const who = `User ${JSON.stringify(user.username)} cannot ${verb}`;
  if (resource === undefined) {
    return new ApiError(403, 'Forbidden', `forbidden: ${who} path ${JSON.stringify(path ?? '')}`, {});
  }
  const full = subresource === undefined ? resource : `${resource}/${subresource}`;
  const where = namespace === undefined ? 'at the cluster scope' : `in the namespace ${JSON.stringify(namespace)}`;
  const subject = `${qualified(resource, group)}${name === undefined ? '' : ` ${JSON.stringify(name)}`}`;
  return new ApiError(
    403,
    'Forbidden',
    `${subject} is forbidden: ${who} resource ${JSON.stringify(full)} in API group ${JSON.stringify(group)} ${where}`,
    { ...(name === undefined ? {} : { name }), ...(group === '' ? {} : { group }), kind: resource },
  );
}
