import type { ContractCase } from './case.ts';
import { APPLIES } from './cases/apply.ts';
import { ATTACHES } from './cases/attach.ts';
import { BOOKMARKS } from './cases/bookmarks.ts';
import { ENDS } from './cases/ends.ts';
import { LIFECYCLE } from './cases/lifecycle.ts';
import { LISTS } from './cases/lists.ts';
import { LOGS } from './cases/logs.ts';
import { MANNERS } from './cases/manners.ts';
import { OBJECTS } from './cases/objects.ts';
import { PATCHES } from './cases/patches.ts';
import { PODS } from './cases/pods.ts';
import { PROCEDURES } from './cases/procedures.ts';
import { REFUSALS } from './cases/refusals.ts';
import { RIGHTS } from './cases/rights.ts';
import { RULES } from './cases/rules.ts';
import { SERVICES } from './cases/services.ts';
import { WATCHES } from './cases/watches.ts';

/** What every cluster must do, by topic. */
export const SUITE: readonly { topic: string; cases: readonly ContractCase[] }[] = [
  { topic: 'objects', cases: OBJECTS },
  { topic: 'patches', cases: PATCHES },
  { topic: 'refusals', cases: REFUSALS },
  { topic: 'lists', cases: LISTS },
  { topic: 'watches', cases: WATCHES },
  { topic: 'bookmarks', cases: BOOKMARKS },
  { topic: 'procedures', cases: PROCEDURES },
  { topic: 'rules', cases: RULES },
  { topic: 'apply', cases: APPLIES },
  { topic: 'lifecycle', cases: LIFECYCLE },
  { topic: 'services', cases: SERVICES },
  { topic: 'rights', cases: RIGHTS },
  { topic: 'pods', cases: PODS },
  { topic: 'ends', cases: ENDS },
  { topic: 'logs', cases: LOGS },
  { topic: 'attach', cases: ATTACHES },
  { topic: 'manners', cases: MANNERS },
];
