import { z } from 'zod';
import { LIMITS, PHASES, STATES } from '../constants.ts';
import { integer, list, text, time, word } from './primitives.ts';
import { type CelRule, latched, withRules } from './rules.ts';

const reasonWord = z
  .string()
  .min(1)
  .max(128)
  .regex(/^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/);

const state = z.enum(STATES);

/** A condition as Kubernetes knows it (metav1.Condition). */
export const Condition = z.strictObject({
  type: word(316, 'Type, unique in the list.'),
  status: z.enum(['True', 'False', 'Unknown']).meta({ description: 'Whether it holds.' }),
  observedGeneration: integer(0, Number.MAX_SAFE_INTEGER, 'Generation of the spec that it speaks of.').optional(),
  lastTransitionTime: time('When status last changed.'),
  reason: reasonWord.meta({ description: 'Why, as one word.' }),
  message: text(32_768, 'Why, for people.'),
});

/** Who took the procedure up, and with which pod. */
const Claim = z
  .strictObject({
    time: time('When.'),
    podName: word(253, 'Name of the pod that is made, or was taken from the pool, for it.'),
    holder: text(253, 'Identity of the operator.').optional(),
  })
  .meta({ description: 'Written before the pod is made; from here on the spec is fixed.' });

/** The pod of the procedure. */
const PodRef = z
  .strictObject({
    name: word(253, 'Name.'),
    uid: word(64, 'Uid. Once it is here, no other pod is ever made.').optional(),
    node: text(253, 'Node.').optional(),
  })
  .meta({ description: 'The one pod of this procedure.' });

/** What the operator allowed the pod to do. */
const Permit = z
  .strictObject({
    nonce: word(128, "The bootstrap's nonce: only the pod that said it first may run anything."),
    initTime: time('When init was allowed.').optional(),
    mainTime: time('When main was allowed. Once it is here, main is never allowed again.').optional(),
  })
  .meta({ description: 'What the pod was allowed to do, written before it was told.' });

/** What was run. */
const SourceRecord = z
  .strictObject({
    uri: text(4096, 'Where the script came from, for people.').optional(),
    commit: text(64, 'Full commit of a git script, as it was checked out.').optional(),
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .max(64)
      .meta({ description: "SHA-256 of the script's bytes, as they were loaded." })
      .optional(),
  })
  .meta({ description: 'What was run.' });

/** When things happened first. */
const Times = z
  .strictObject({
    created: time('CREATING: taken up.').optional(),
    ready: time('READY: prepared.').optional(),
    started: time('RUNNING: main began.').optional(),
    stopRequested: time('STOPPING: the stop was sent.').optional(),
    ended: time('The end of the script.').optional(),
    captured: time('All output is in the store.').optional(),
  })
  .meta({ description: 'When things happened first, by the clock of where they happened.' });

/** One frame of a stack trace. */
export const Frame = z.strictObject({
  file: text(1024, 'File.').optional(),
  line: integer(0, 2_147_483_647, 'Line.').optional(),
  function: text(256, 'Function.').optional(),
  text: text(512, 'Its source.').optional(),
});

/** Why it failed. */
export const Failure = z
  .strictObject({
    type: text(256, "The exception's class, or what else went wrong.").optional(),
    message: text(LIMITS.message, "The exception's text.").optional(),
    stage: text(64, 'Where: Args, Env, Load, Init or Main of the script, or Pod.').optional(),
    stackTrace: text(LIMITS.stackTrace, "Python's stack trace.").optional(),
    frames: list(Frame, LIMITS.frames, 'atomic', 'Innermost frames of the stack trace, the innermost last.').optional(),
    container: z
      .strictObject({
        reason: text(128, 'Reason, such as OOMKilled.').optional(),
        message: text(LIMITS.message, 'Text.').optional(),
        exitCode: integer(-2_147_483_648, 2_147_483_647, 'Exit code.').optional(),
        signal: integer(0, 255, 'Signal.').optional(),
      })
      .meta({ description: 'How Kubernetes saw the container end, where that was the reason.' })
      .optional(),
  })
  .meta({ description: 'Why it failed.' });

/** What is in the store of the output. */
const OutputStatus = z
  .strictObject({
    bytes: integer(0, Number.MAX_SAFE_INTEGER, 'Bytes that the script wrote.').optional(),
    entries: integer(0, Number.MAX_SAFE_INTEGER, 'Entries of the journal.').optional(),
    complete: z.boolean().meta({ description: 'Whether all of it is in the store, up to maxBytes.' }).optional(),
  })
  .meta({ description: 'What the script wrote. The output itself is in the store, not here.' });

const HistoryEntry = z.strictObject({
  state: state.meta({ description: 'State.' }),
  time: time('When it was reached.'),
});

/** `oldSelf` is over. */
const OVER = "has(oldSelf.phase) && oldSelf.phase == 'Finished'";

function forbidden(field: string, rule: string, message: string): CelRule {
  return { rule, message, fieldPath: `.${field}`, reason: 'FieldValueForbidden' };
}

/** Rule for a leaf below an optional object, as `permit.nonce`: write-once, whether the object is there or not. */
function nestedLatch(parent: string, leaf: string): string {
  return (
    `!has(oldSelf.${parent}) || !has(oldSelf.${parent}.${leaf}) || ` +
    `(has(self.${parent}) && has(self.${parent}.${leaf}) && self.${parent}.${leaf} == oldSelf.${parent}.${leaf})`
  );
}

/** Fields that stay as they are from `phase: Finished` on. */
const FINAL_FIELDS = ['state', 'reason', 'message', 'exitCode', 'signal', 'result', 'failure'] as const;

/** What is: written by the operator alone. */
export const Status = withRules(
  z
    .strictObject({
      observedGeneration: integer(
        -1,
        Number.MAX_SAFE_INTEGER,
        'Generation of the spec that was last seen; -1: none yet.',
      ).optional(),
      id: integer(1, Number.MAX_SAFE_INTEGER, 'Number of the procedure, counted up from 1.').optional(),
      phase: z
        .enum(PHASES)
        .meta({
          description:
            'Active from the claim on, then Finished for ever. Select unfinished ones with status.phase!=Finished.',
        })
        .optional(),
      state: state
        .meta({ description: 'State, by its name in OET. More may be added: take an unknown one for unfinished.' })
        .optional(),
      reason: reasonWord.meta({ description: 'Why it is in this state, as one word.' }).optional(),
      message: text(LIMITS.message, 'The same for people.').optional(),
      conditions: list(
        Condition,
        LIMITS.conditions,
        { map: ['type'] },
        'Ready, Reconciling and Stalled as kstatus reads them; Succeeded tells how it ended.',
      ).optional(),
      claim: Claim.optional(),
      pod: PodRef.optional(),
      permit: Permit.optional(),
      source: SourceRecord.optional(),
      history: list(
        HistoryEntry,
        LIMITS.history,
        'atomic',
        'States so far; the whole of it comes with the end.',
      ).optional(),
      times: Times.optional(),
      exitCode: integer(-2_147_483_648, 2_147_483_647, "The script's exit code.").optional(),
      signal: integer(0, 255, 'The signal that killed the script.').optional(),
      result: text(LIMITS.result, "main's return value as JSON text, where it can be.").optional(),
      failure: Failure.optional(),
      output: OutputStatus.optional(),
    })
    .meta({ description: 'What is. Written by the operator alone.' }),
  forbidden('id', latched('id'), 'id is write-once'),
  forbidden('claim', '!has(oldSelf.claim) || has(self.claim)', 'a claim cannot be taken back'),
  forbidden(
    'claim.podName',
    '!has(oldSelf.pod) || !has(oldSelf.pod.uid) || !has(oldSelf.claim) || ' +
      '(has(self.claim) && self.claim.podName == oldSelf.claim.podName)',
    'claim.podName is fixed once the pod is known',
  ),
  forbidden('pod.uid', nestedLatch('pod', 'uid'), 'pod.uid is write-once: a procedure has one pod'),
  forbidden('permit.nonce', nestedLatch('permit', 'nonce'), 'permit.nonce is write-once'),
  forbidden('permit.initTime', nestedLatch('permit', 'initTime'), 'permit.initTime is write-once: init runs once'),
  forbidden('permit.mainTime', nestedLatch('permit', 'mainTime'), 'permit.mainTime is write-once: main runs once'),
  forbidden('phase', `!has(oldSelf.phase) || has(self.phase)`, 'phase cannot be taken back'),
  forbidden(
    'phase',
    `!(${OVER}) || (has(self.phase) && self.phase == 'Finished')`,
    'a finished procedure stays finished',
  ),
  {
    rule: "!has(self.phase) || self.phase != 'Finished' || (has(self.state) && self.state in ['STOPPED', 'FAILED', 'COMPLETE', 'UNKNOWN'])",
    message: 'phase Finished needs the state STOPPED, FAILED, COMPLETE or UNKNOWN',
    fieldPath: '.state',
  },
  ...FINAL_FIELDS.map((field) =>
    forbidden(
      field,
      `!(${OVER}) || (has(self.${field}) ? has(oldSelf.${field}) && self.${field} == oldSelf.${field} : !has(oldSelf.${field}))`,
      `${field} of a finished procedure cannot change`,
    ),
  ),
);
