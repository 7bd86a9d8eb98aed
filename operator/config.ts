/** The operator's settings: environment variables, read once, each with its default. */
import { hostname } from 'node:os';
import { z } from 'zod';
import { StoreLocation } from '../journal/setting.ts';
import { LOG_LEVELS, logLevel } from '../kube/index.ts';

const Config = z.object({
  /** The namespace whose procedures it reconciles. */
  KUBE_NAMESPACE: z.string().min(1).default('ska-oso-oet'),
  /** The journal, shared with the API. */
  OET_STORE: StoreLocation,
  /** Whether an operator that waits for the lease counts as ready: where several share the work of one, and deployments wait for readiness. */
  OET_STANDBY_READY: z
    .enum(['true', 'false'])
    .default('false')
    .transform((text) => text === 'true'),
  /** Image of script pods whose procedure names none. */
  OET_SCRIPT_IMAGE: z.string().min(1).default('python:3.11-slim'),
  OET_SCRIPT_IMAGE_PULL_POLICY: z.enum(['Always', 'IfNotPresent', 'Never']).default('IfNotPresent'),
  /** User id of scripts; empty leaves it to the cluster (OpenShift). */
  OET_SCRIPT_USER: z
    .string()
    .regex(/^\d*$/)
    .default('65532')
    .transform((text) => (text === '' ? undefined : Number(text))),
  /** Folders, separated by colons, in which `file` scripts are looked up before the pod's own file system. */
  OET_SCRIPTS_PATH: z
    .string()
    .default('')
    .transform((text) => text.split(':').filter((folder) => folder !== '')),
  /** Variables that are passed on to every script: names, separated by commas. */
  OET_SCRIPT_ENV: z
    .string()
    .default('SKA_TELESCOPE,TANGO_HOST,SKUID_URL,ODA_URL')
    .transform((text) => text.split(',').filter((name) => name !== '')),
  /** Who this operator is between restarts: the lease passes at once to the same identity, which is known to be dead. */
  OET_OPERATOR_IDENTITY: z.string().min(1).default(`${hostname()}-${process.pid}`),
  /** Containers that may be started at once however long they take; more while they come quickly. What is more than that waits for its turn. */
  OET_CONCURRENT_STARTS: z.coerce.number().int().min(1).default(6),
  OET_TOLERANCE_SECONDS: z.coerce.number().min(0).default(60),
  HOST: z.string().default('127.0.0.1'),
  /** /healthz, /readyz, /metrics. */
  PORT: z.coerce.number().int().min(0).max(65535).default(8081),
  LOG_LEVEL: z.string().transform(logLevel).pipe(z.enum(LOG_LEVELS)).default('info'),
});

export type Config = z.infer<typeof Config>;

/** Reads the environment; throws an Error that names each variable that is wrong. */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const result = Config.safeParse(env);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new Error(`bad configuration: ${problems.join('; ')}`);
}
