/** Types of the Procedure resource, inferred from its schema. Importing them costs nothing at run time. */
import type { z } from 'zod';
import type { Arguments as ArgumentsSchema, Start as StartSchema } from './schema/arguments.ts';
import type { PodTemplate as PodTemplateSchema } from './schema/pod-template.ts';
import type { Metadata as MetadataSchema, Procedure as ProcedureSchema } from './schema/procedure.ts';
import type { GitScript as GitScriptSchema, Script as ScriptSchema } from './schema/script.ts';
import type { Spec as SpecSchema, Stop as StopSchema } from './schema/spec.ts';
import type {
  Condition as ConditionSchema,
  Failure as FailureSchema,
  Frame as FrameSchema,
  Status as StatusSchema,
} from './schema/status.ts';

/** `metadata` of a Procedure; fields beyond the named ones are `unknown`. */
export type ProcedureMetadata = z.output<typeof MetadataSchema>;
/** `spec` as the API server returns it: defaults filled in. */
export type ProcedureSpec = z.output<typeof SpecSchema>;
/** `spec` as somebody writes it: what has a default may be left out. */
export type ProcedureSpecInput = z.input<typeof SpecSchema>;
/** `status`; every field may be missing, since the operator fills them in one after another. */
export type ProcedureStatus = z.output<typeof StatusSchema>;
/** A Procedure as the API server returns it. `status` is `{observedGeneration: -1}` where nobody has written it yet. */
export type Procedure = z.output<typeof ProcedureSchema>;
/** A Procedure as somebody writes it. */
export type ProcedureInput = z.input<typeof ProcedureSchema>;
/** Arguments of `init` or `main`: `args` and `kwargs`, or `argsJSON`. */
export type ProcedureArguments = z.output<typeof ArgumentsSchema>;
/** `spec.start`. */
export type ProcedureStart = z.output<typeof StartSchema>;
/** `spec.stop`, its defaults filled in. */
export type ProcedureStop = z.output<typeof StopSchema>;
/** `spec.script`: exactly one of its fields is there. */
export type ProcedureScript = z.output<typeof ScriptSchema>;
/** `spec.script.git`. */
export type ProcedureGitScript = z.output<typeof GitScriptSchema>;
/** `spec.podTemplate`. */
export type ProcedurePodTemplate = z.output<typeof PodTemplateSchema>;
/** An element of `status.conditions`. */
export type ProcedureCondition = z.output<typeof ConditionSchema>;
/** `status.failure`. */
export type ProcedureFailure = z.output<typeof FailureSchema>;
/** An element of `status.failure.frames`. */
export type ProcedureFrame = z.output<typeof FrameSchema>;
/** A list of procedures, as the API server returns it. */
export interface ProcedureList {
  apiVersion: string;
  kind: string;
  metadata: { resourceVersion?: string; continue?: string; remainingItemCount?: number };
  items: Procedure[];
}
