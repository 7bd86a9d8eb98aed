/** Base of all that a store refuses by itself; whatever else it rejects with is the database's own error. */
export class JournalError extends Error {
  override name = 'JournalError';
}

/** Entries are missing: the caller asks the runner for a replay from `expected`. Nothing was stored. */
export class EntryGap extends JournalError {
  override name = 'EntryGap';
  readonly uid: string;
  readonly expected: number;
  readonly got: number;

  constructor(uid: string, expected: number, got: number) {
    super(`run ${uid}: entry ${expected} is missing, got ${got}`);
    this.uid = uid;
    this.expected = expected;
    this.got = got;
  }
}

/** Another run of the namespace has this id. */
export class IdTaken extends JournalError {
  override name = 'IdTaken';
  readonly namespace: string;
  readonly id: number;
  readonly holder: string;

  constructor(namespace: string, id: number, holder: string) {
    super(`id ${id} in namespace ${namespace} is taken by run ${holder}`);
    this.namespace = namespace;
    this.id = id;
    this.holder = holder;
  }
}

/** The run was never opened, or has been pruned. */
export class UnknownRun extends JournalError {
  override name = 'UnknownRun';
  readonly uid: string;

  constructor(uid: string) {
    super(`run ${uid} is not in the store`);
    this.uid = uid;
  }
}

/** A newer operator writes to this store; this one must stop. Nothing was stored. */
export class Fenced extends JournalError {
  override name = 'Fenced';
  readonly epoch: number;
  readonly highest: number;

  constructor(epoch: number, highest: number) {
    super(`epoch ${epoch} is over: epoch ${highest} writes to this store`);
    this.epoch = epoch;
    this.highest = highest;
  }
}

/** This file or database cannot be used: a network file system, a wrong URL or password, missing rights, a newer schema, a store opened for reading only. */
export class Unusable extends JournalError {
  override name = 'Unusable';
}

/** The database does not answer, for longer than a call waits. What was to be written is not stored, or, of a commit in doubt, may be. */
export class Unavailable extends JournalError {
  override name = 'Unavailable';
}
