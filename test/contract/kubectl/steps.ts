import { APPLIES } from './applies.ts';
import { OBJECTS } from './objects.ts';
import { PODS } from './pods.ts';
import { PROCEDURES } from './procedures.ts';
import { REFUSALS } from './refusals.ts';
import { step, type Step } from './step.ts';

const OURS: readonly Step[] = [
  step('api-resources --api-group=oet.skao.int --no-headers'),
  step('api-resources --api-group=rbac.authorization.k8s.io --no-headers'),
  step('api-resources --api-group=authorization.k8s.io --verbs=create --no-headers'),
  step('explain procedures.spec.startPolicy'),
  step('explain proc.spec.stop --recursive'),
  step('explain procedure.metadata.name'),
  step('explain configmap'),
  step('explain pod.spec.containers.stdin'),
  step('explain pod.spec.securityContext --recursive'),
  step('explain role.rules'),
  step('explain procedure.spec.nothing'),
  step('get --raw /readyz'),
  step('get crd procedures.oet.skao.int'),
];

const END: readonly Step[] = [
  step('delete procedure hello warned'),
  step('delete procedure hello'),
  step('get procedure hello'),
  step('get nothings'),
  step('delete proc --all'),
];

/** Everything that issue and README say one can type at our kind and at its pods, and what is typed on any day. */
export const STEPS: readonly Step[] = [...OURS, ...PROCEDURES, ...REFUSALS, ...APPLIES, ...OBJECTS, ...PODS, ...END];
