import { isObject } from '../objects.ts';
import type { ServerContext } from './context.ts';
import type { User } from './users.ts';

type Review = Record<string, unknown>;

/**
 * Answers the kinds that are questions: who a token belongs to, and what somebody may do. Everybody that has a token may
 * do everything here; without RBAC there is nothing to ask.
 */
export function answerReview(kind: string, body: unknown, user: User, context: ServerContext): Review {
  const review: Review = { ...(isObject(body) ? body : {}) };
  const spec = isObject(review['spec']) ? review['spec'] : {};
  review['metadata'] = { creationTimestamp: null };
  switch (kind) {
    case 'TokenReview': {
      const found = context.userOf(typeof spec['token'] === 'string' ? spec['token'] : '');
      review['status'] = found
        ? { authenticated: true, user: found, audiences: ['https://kubernetes.default.svc'] }
        : { user: {}, error: '[invalid bearer token, Token has been invalidated]' };
      return review;
    }
    case 'SelfSubjectReview':
      review['status'] = { userInfo: user };
      return review;
    case 'SelfSubjectRulesReview':
      review['status'] = {
        incomplete: false,
        nonResourceRules: [{ nonResourceURLs: ['*'], verbs: ['*'] }],
        resourceRules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }],
      };
      return review;
    case 'SubjectAccessReview': {
      const groups = Array.isArray(spec['groups']) ? spec['groups'] : [];
      review['status'] = groups.includes('system:unauthenticated')
        ? { allowed: false }
        : { allowed: true, reason: 'the embedded cluster has no RBAC' };
      return review;
    }
    default:
      review['status'] = { allowed: true, reason: 'the embedded cluster has no RBAC' };
      return review;
  }
}
