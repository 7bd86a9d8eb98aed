import { z } from 'zod';
import { API_VERSION, KIND, LIMITS } from '../constants.ts';
import { textMap } from './primitives.ts';
import { unchanged, withRules } from './rules.ts';
import { FIXED_FIELDS, Spec } from './spec.ts';
import { Status } from './status.ts';

const OwnerReference = z.strictObject({
  apiVersion: z.string(),
  kind: z.string(),
  name: z.string(),
  uid: z.string(),
  controller: z.boolean().optional(),
  blockOwnerDeletion: z.boolean().optional(),
});

/** The parts of an object's metadata that concern us; the API server has the say about the rest. */
export const Metadata = z.looseObject({
  name: z.string().min(1).max(LIMITS.name).optional(),
  generateName: z.string().optional(),
  namespace: z.string().optional(),
  uid: z.string().optional(),
  resourceVersion: z.string().optional(),
  generation: z.number().optional(),
  creationTimestamp: z.string().optional(),
  deletionTimestamp: z.string().optional(),
  deletionGracePeriodSeconds: z.number().optional(),
  labels: textMap(64, 63, 'Labels.').optional(),
  annotations: z.record(z.string(), z.string()).optional(),
  ownerReferences: z.array(OwnerReference).optional(),
  finalizers: z.array(z.string()).optional(),
});

const CLAIMED = 'has(oldSelf.status) && has(oldSelf.status.claim)';

/** A Procedure as it stands in a manifest. */
export const Procedure = withRules(
  z
    .strictObject({
      apiVersion: z.literal(API_VERSION),
      kind: z.literal(KIND),
      metadata: Metadata,
      spec: Spec,
      status: Status.prefault({ observedGeneration: -1 }),
    })
    .meta({ description: 'One run of a Python script in a pod of its own.' }),
  ...FIXED_FIELDS.map((field) => ({
    rule: `!(${CLAIMED}) || ${unchanged(`spec.${field}`)}`,
    message: `${field} cannot change any more: the procedure has been taken up`,
    fieldPath: `.spec.${field}`,
    reason: 'FieldValueForbidden' as const,
  })),
);
