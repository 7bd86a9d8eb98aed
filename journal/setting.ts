/** OET_STORE, the setting that operator and API share: apart from index.ts, since nothing else here needs zod. */
import { z } from 'zod';
import { locationFault } from './open.ts';

/** Of an installation that names none, and of one that leaves it empty. */
const DEFAULT_LOCATION = 'journal.sqlite';

/** Where the journal is, a SQLite file or a `postgres://` URL; what is wrong with it as far as its text tells, without its password. */
export const StoreLocation = z
  .string()
  .default('')
  .transform((location) => (location === '' ? DEFAULT_LOCATION : location))
  .superRefine((location, context) => {
    const fault = locationFault(location);
    if (fault !== undefined) context.addIssue({ code: 'custom', message: fault });
  });
