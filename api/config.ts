import { z } from 'zod';
import { StoreLocation } from '../journal/setting.ts';
import { LOG_LEVELS, logLevel } from '../kube/index.ts';

const port = z.coerce.number().int().min(0).max(65_535);
/** A DNS label, since it is a namespace and the first segment of every path. */
const namespace = z.string().regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'is no name of a namespace');

const Environment = z.object({
  /** Namespace of the procedures, and first segment of the base path. */
  KUBE_NAMESPACE: namespace.default('ska-oso-oet'),
  PORT: port.default(5000),
  HOST: z.string().min(1).default('127.0.0.1'),
  /** The journal that the operator writes. */
  OET_STORE: StoreLocation,
  LOG_LEVEL: z.string().transform(logLevel).pipe(z.enum(LOG_LEVELS)).default('info'),
  /** Folder of the abort script, as scripts are named in URIs. */
  SCRIPTS_LOCATION: z.string().min(1).default('/scripts'),
  /** Finished procedures of REST that are kept beside the newest ones. */
  OET_HISTORY_LIMIT: z.coerce.number().int().min(1).default(10),
  /** Express' `trust proxy`: 'true', 'false', a number of hops, or addresses. X-Forwarded-* count only from those. */
  OET_TRUST_PROXY: z.string().default('false'),
});

/** The configuration, read once from the environment. */
export interface Config {
  readonly namespace: string;
  readonly port: number;
  readonly host: string;
  readonly store: string;
  readonly logLevel: string;
  readonly scriptsLocation: string;
  readonly historyLimit: number;
  readonly trustProxy: boolean | number | string;
}

/** Reads the configuration. Throws an Error whose message names every variable that is wrong. */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  // An empty variable is one that a chart did not fill in.
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const result = Environment.safeParse(given);
  if (!result.success) {
    const problems = result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
    throw new Error(`wrong configuration: ${problems.join('; ')}`);
  }
  const { data } = result;
  return {
    namespace: data.KUBE_NAMESPACE,
    port: data.PORT,
    host: data.HOST,
    store: data.OET_STORE,
    logLevel: data.LOG_LEVEL,
    scriptsLocation: data.SCRIPTS_LOCATION,
    historyLimit: data.OET_HISTORY_LIMIT,
    trustProxy: proxySetting(data.OET_TRUST_PROXY),
  };
}

function proxySetting(text: string): boolean | number | string {
  if (text === 'true' || text === 'false') return text === 'true';
  return /^\d+$/.test(text) ? Number(text) : text;
}
