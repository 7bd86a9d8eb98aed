import { badRequest, invalid, invalidValue, type ApiError, type FieldError } from '../errors.ts';
import { isObject } from '../objects.ts';
import type { Attributes, Authorizer, PolicyRule } from './rbac.ts';
import { AUDIENCE, type User, type UserTable } from './users.ts';

type Fields = Record<string, unknown>;

/** What reviews are answered from. */
export interface ReviewPorts extends Authorizer {
  users: UserTable;
}

/** Answers the kinds that are questions: who a token belongs to, and what somebody may do. Throws 400 and 422. */
export function answerReview(kind: string, body: unknown, user: User, ports: ReviewPorts): Fields {
  const { users } = ports;
  const review: Fields = { ...(isObject(body) ? body : {}) };
  const spec = isObject(review['spec']) ? review['spec'] : {};
  review['metadata'] = { creationTimestamp: null };
  switch (kind) {
    case 'TokenReview': {
      const token = text(spec['token']);
      if (token === undefined) throw badRequest('token is required for TokenReview in authentication');
      const given = texts(spec['audiences']);
      const verdict = users.review(token, given.length === 0 ? [AUDIENCE] : given);
      review['status'] = verdict.user ? { authenticated: true, ...verdict } : { user: {}, ...verdict };
      return review;
    }
    case 'SelfSubjectReview':
      review['status'] = { userInfo: user };
      return review;
    case 'SelfSubjectRulesReview': {
      const namespace = text(spec['namespace']);
      if (namespace === undefined) throw badRequest('no namespace on request');
      const rules = ports.rules(user, namespace);
      const about = (rule: PolicyRule): boolean => rule.nonResourceURLs !== undefined;
      review['status'] = {
        resourceRules: rules.filter((rule) => !about(rule)),
        nonResourceRules: rules.filter(about),
        incomplete: false,
      };
      return review;
    }
    case 'SubjectAccessReview':
    case 'LocalSubjectAccessReview':
      review['status'] = { allowed: ports.allowed(subjectOf(kind, spec), attributesOf(kind, spec)) };
      return review;
    default:
      review['status'] = { allowed: ports.allowed(user, attributesOf(kind, spec)) };
      return review;
  }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
}

function wrong(kind: string, ...errors: FieldError[]): ApiError {
  return invalid(kind, 'authorization.k8s.io', '', errors);
}

function subjectOf(kind: string, spec: Fields): User {
  const username = text(spec['user']) ?? '';
  const groups = texts(spec['groups']);
  if (username === '' && groups.length === 0) {
    throw wrong(kind, invalidValue('spec.user', '', 'at least one of user or group must be specified'));
  }
  return { username, groups };
}

function attributesOf(kind: string, spec: Fields): Attributes {
  const { resourceAttributes: resource, nonResourceAttributes: about } = spec;
  if (isObject(resource) && isObject(about)) {
    const why = 'cannot be specified in combination with resourceAttributes';
    throw wrong(kind, invalidValue('spec.nonResourceAttributes', about, why));
  }
  if (isObject(about)) return { verb: text(about['verb']) ?? '', path: text(about['path']) ?? '' };
  if (!isObject(resource)) {
    const why = 'exactly one of nonResourceAttributes or resourceAttributes must be specified';
    throw wrong(kind, invalidValue('spec.resourceAttributes', null, why));
  }
  return {
    verb: text(resource['verb']) ?? '',
    group: text(resource['group']),
    resource: text(resource['resource']) ?? '*',
    subresource: text(resource['subresource']),
    namespace: text(resource['namespace']),
    name: text(resource['name']),
  };
}
