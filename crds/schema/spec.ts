import { z } from 'zod';
import { DEFAULTS, LIMITS, START_POLICIES, STOP_MODES } from '../constants.ts';
import { Arguments, Start } from './arguments.ts';
import { PodTemplate } from './pod-template.ts';
import { integer, text } from './primitives.ts';
import { latched, withRules } from './rules.ts';
import { Environment, Script } from './script.ts';

const YEAR = 31_536_000;

/** The request to stop. */
export const Stop = z
  .strictObject({
    mode: z.enum(STOP_MODES).default('Graceful').meta({
      description:
        'Graceful raises TerminateInterrupt in the script and waits for gracePeriodSeconds; Immediate kills at once.',
    }),
    gracePeriodSeconds: integer(
      0,
      LIMITS.gracePeriodSeconds,
      'How long the script may take to end before it is killed.',
    ).default(DEFAULTS.gracePeriodSeconds),
    reason: text(1024, 'Why; told to the script and kept in the record.').optional(),
  })
  .meta({
    description:
      'Asks for the end, in whatever state the procedure is. Write-once; only Graceful may still be made Immediate.',
  });

/** How long each part may take. */
const Deadlines = z
  .strictObject({
    prepareSeconds: integer(1, YEAR, 'From the claim to READY; FAILED after it.').default(DEFAULTS.prepareSeconds),
    readySeconds: integer(
      1,
      YEAR,
      'How long it may wait in READY for its start; FAILED after it. No limit without it.',
    ).optional(),
    runSeconds: integer(1, YEAR, 'How long main may run; stopped and FAILED after it. No limit without it.').optional(),
  })
  .meta({ description: 'How long each part may take, in seconds.' });

/** How long what is left is kept. */
const Retention = z
  .strictObject({
    podSeconds: integer(0, YEAR, 'How long the pod is kept after the end.').default(DEFAULTS.podSeconds),
    outputSeconds: integer(0, 10 * YEAR, 'How long the output is kept after the end.').default(DEFAULTS.outputSeconds),
  })
  .meta({ description: 'How long what is left of a run is kept, in seconds.' });

/** What is kept of the output. */
const OutputSpec = z
  .strictObject({
    maxBytes: integer(1024, 2 ** 40, 'Of more than this, the first and the last half are kept.').default(
      DEFAULTS.maxBytes,
    ),
    captureSeconds: integer(30, 86_400, 'How long an ended script waits until its output is in the store.').default(
      DEFAULTS.captureSeconds,
    ),
  })
  .meta({ description: 'What is kept of the output.' });

const exclusive = z
  .string()
  .min(1)
  .max(LIMITS.exclusive)
  .regex(/^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/)
  .meta({
    description:
      'At most one procedure per key and namespace is RUNNING; others wait, in the order in which they were started.',
  });

const executionKey = z
  .string()
  .min(1)
  .max(LIMITS.executionKey)
  .regex(/^[A-Za-z0-9]([A-Za-z0-9._:/@-]*[A-Za-z0-9])?$/)
  .meta({
    description:
      'What is run at most once per key and namespace, however often the manifest is deleted and applied again: the id ' +
      'of a commit or of an observation.',
  });

/** What is wanted. Fixed once the operator has claimed the procedure, but for start and stop. */
export const Spec = withRules(
  z
    .strictObject({
      script: Script,
      environment: Environment.optional(),
      init: Arguments.meta({
        ...Arguments.meta(),
        description: 'Arguments of init, which prepares the run.',
      }).optional(),
      main: Arguments.meta({ ...Arguments.meta(), description: 'Arguments of main.' }).optional(),
      startPolicy: z
        .enum(START_POLICIES)
        .default('Manual')
        .meta({ description: 'Automatic runs main as soon as the procedure is READY; Manual waits for start.' }),
      start: Start.meta({
        ...Start.meta(),
        description:
          'Asks for main to run; {} is enough. Arguments given here take the place of those in main. Write-once.',
      }).optional(),
      stop: Stop.optional(),
      deadlines: Deadlines.prefault({}),
      exclusive: exclusive.optional(),
      retention: Retention.prefault({}),
      output: OutputSpec.prefault({}),
      executionKey: executionKey.optional(),
      podTemplate: PodTemplate.optional(),
    })
    .meta({ description: 'What is wanted. Once claimed, only start and stop may still be added.' }),
  {
    rule: latched('start'),
    message: 'start is write-once: it may be neither changed nor removed',
    fieldPath: '.start',
    reason: 'FieldValueForbidden',
  },
  {
    rule:
      '!has(oldSelf.stop) || (has(self.stop) && (self.stop == oldSelf.stop || ' +
      "(oldSelf.stop.mode == 'Graceful' && self.stop.mode == 'Immediate')))",
    message:
      'stop is write-once: it may be neither changed nor removed, but its mode may go from Graceful to Immediate',
    fieldPath: '.stop',
    reason: 'FieldValueForbidden',
  },
);

/** Fields of the spec that are fixed from the claim on. */
export const FIXED_FIELDS = [
  'script',
  'environment',
  'init',
  'main',
  'startPolicy',
  'deadlines',
  'exclusive',
  'retention',
  'output',
  'executionKey',
  'podTemplate',
] as const satisfies readonly (keyof z.infer<typeof Spec>)[];
