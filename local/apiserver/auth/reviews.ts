import { isObject } from '../objects.ts';
import type { Attributes, Authorizer, PolicyRule } from './rbac.ts';
import { AUDIENCE, type User, type UserTable } from './users.ts';

type Fields = Record<string, unknown>;

/** What reviews are answered from. */
export interface ReviewPorts extends Authorizer {
  users: UserTable;
}

/** Answers the kinds that are questions: who a token belongs to, and what somebody may do. */
export function answerReview(kind: string, body: unknown, user: User, ports: ReviewPorts): Fields {
  const { users } = ports;
  const review: Fields = { ...(isObject(body) ? body : {}) };
  const spec = isObject(review['spec']) ? review['spec'] : {};
  review['metadata'] = { creationTimestamp: null };
  switch (kind) {
    case 'TokenReview': {
      const found = users.find(typeof spec['token'] === 'string' ? spec['token'] : '');
      review['status'] = found
        ? { authenticated: true, user: found, audiences: [AUDIENCE] }
        : { user: {}, error: '[invalid bearer token, Token has been invalidated]' };
      return review;
    }
    case 'SelfSubjectReview':
      review['status'] = { userInfo: user };
      return review;
    case 'SelfSubjectRulesReview': {
      const rules = ports.rules(user, text(spec['namespace']) ?? '');
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
      review['status'] = { allowed: ports.allowed(subjectOf(spec), attributesOf(spec)) };
      return review;
    default:
      review['status'] = { allowed: ports.allowed(user, attributesOf(spec)) };
      return review;
  }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function subjectOf(spec: Fields): User {
  const { groups } = spec;
  const given = Array.isArray(groups) ? groups.filter((each) => typeof each === 'string') : [];
  return { username: text(spec['user']) ?? '', groups: given };
}

function attributesOf(spec: Fields): Attributes {
  const about = spec['nonResourceAttributes'];
  if (isObject(about)) return { verb: text(about['verb']) ?? '', path: text(about['path']) ?? '' };
  const resource = isObject(spec['resourceAttributes']) ? spec['resourceAttributes'] : {};
  return {
    verb: text(resource['verb']) ?? '',
    group: text(resource['group']),
    resource: text(resource['resource']) ?? '*',
    subresource: text(resource['subresource']),
    namespace: text(resource['namespace']),
    name: text(resource['name']),
  };
}
