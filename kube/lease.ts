import { microTime, systemClock } from './clock.ts';
import type { Clock } from './clock.ts';
import type { Kube } from './client.ts';
import { isAlreadyExists, isConflict, isNotFound, KubeError } from './errors.ts';
import { LEASES } from './kinds.ts';
import type { Lease } from './kinds.ts';
import { limit } from './limit.ts';
import { silent } from './logger.ts';
import type { Logger } from './logger.ts';
import type { Stored } from './meta.ts';
import { resource } from './resources.ts';
import type { Resource } from './resources.ts';
import { aborted } from './signals.ts';

/** Who stands for election, for what. Times in ms; the defaults are client-go's. */
export interface LeaseOptions {
  kube: Kube;
  name: string;
  namespace: string;
  /**
   * Unlike that of any other candidate that may live at the same time. A process that finds its own identity as the holder
   * takes over at once with a new term: a successor need not wait for what its killed predecessor held (docs/adr/0005).
   */
  identity: string;
  clock?: Clock;
  logger?: Logger;
  random?: () => number;
  /** Others wait so long after the last renewal they saw; default 15,000. */
  leaseDurationMs?: number;
  /** The leader gives up so long after its last renewal; less than the duration; default 10,000. */
  renewDeadlineMs?: number;
  /** Between two attempts; default 2,000. */
  retryPeriodMs?: number;
  /** A term begins; its number is larger than that of all terms before it. */
  onStarted: (transitions: number) => void;
  /** The term is over: nothing may be done in its name any more. */
  onStopped: () => void;
}

/** How a candidacy ended: the lease was lost, or the signal came (a held lease was given back). */
export type LeaseEnd = 'lost' | 'aborted';

/**
 * Leader election on a Lease. At most one candidate holds the lease as long as clocks run at about the same speed; no
 * clock is compared with another's. A leader that stalls can believe in its term a little too long: what it writes is
 * to be guarded by resourceVersions, and what it sends by the term's number.
 */
export class LeaseElector {
  readonly #options: Required<LeaseOptions>;
  readonly #leases: Resource<Lease>;
  #transitions = 0;
  #leading = false;
  /** The lease as last seen, and when it was first seen like that. */
  #seen: { lease: Stored<Lease>; at: number } | undefined;

  constructor(options: LeaseOptions) {
    this.#options = {
      clock: systemClock,
      logger: silent,
      random: Math.random,
      leaseDurationMs: 15_000,
      renewDeadlineMs: 10_000,
      retryPeriodMs: 2_000,
      ...options,
    };
    const { leaseDurationMs, renewDeadlineMs, retryPeriodMs } = this.#options;
    if (!(leaseDurationMs > renewDeadlineMs && renewDeadlineMs > retryPeriodMs && retryPeriodMs > 0))
      throw new RangeError('leaseDurationMs > renewDeadlineMs > retryPeriodMs > 0 must hold');
    this.#leases = resource(options.kube, LEASES, options.namespace);
  }

  /** The number of the last term begun here (the Lease's leaseTransitions), from 1; 0 before. */
  get transitions(): number {
    return this.#transitions;
  }

  get leading(): boolean {
    return this.#leading;
  }

  /** Waits for the lease, then keeps it; resolves when it is lost or the signal aborts. Rejects if a callback throws. */
  async run(signal: AbortSignal): Promise<LeaseEnd> {
    const { clock, logger, identity, retryPeriodMs, random } = this.#options;
    while (!aborted(signal) && !(await this.#attempt(retryPeriodMs * 2, signal)))
      await clock.sleep(retryPeriodMs * (1 + 0.2 * random()), signal);
    if (!this.#leading) return 'aborted';
    logger.info({ identity, transitions: this.#transitions }, 'leading');
    let held = true;
    try {
      this.#options.onStarted(this.#transitions);
      held = await this.#keep(signal);
    } finally {
      this.#leading = false;
      try {
        this.#options.onStopped();
      } finally {
        if (held) await this.#release();
      }
    }
    logger.info({ identity, transitions: this.#transitions }, aborted(signal) ? 'lease given back' : 'lease lost');
    return aborted(signal) ? 'aborted' : 'lost';
  }

  /** Renews until the signal aborts (true: the lease is still ours) or until it is lost. */
  async #keep(signal: AbortSignal): Promise<boolean> {
    const { clock, retryPeriodMs, renewDeadlineMs } = this.#options;
    let renewed = clock.monotonic();
    for (;;) {
      const left = renewed + renewDeadlineMs - clock.monotonic();
      await clock.sleep(Math.min(retryPeriodMs, Math.max(0, left)), signal);
      if (aborted(signal)) return true;
      const begin = clock.monotonic();
      if (begin >= renewed + renewDeadlineMs) return false;
      if (await this.#attempt(renewed + renewDeadlineMs - begin, signal)) renewed = begin;
      if (!this.#leading) return false;
    }
  }

  /** One try to take or renew the lease; true if it is ours now. Failures are logged and count as a no. */
  async #attempt(timeoutMs: number, signal: AbortSignal): Promise<boolean> {
    const { clock, logger, identity } = this.#options;
    const limits = limit(clock, signal, timeoutMs);
    try {
      return await this.#tryLease(limits.signal);
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      const raced = isConflict(error) || isAlreadyExists(error); // the next attempt sees who won
      if (!raced && !aborted(signal)) logger.warn({ err: error, identity }, 'the lease cannot be written');
      return false;
    } finally {
      limits.release();
    }
  }

  async #tryLease(signal: AbortSignal): Promise<boolean> {
    const { name, namespace, identity, clock, leaseDurationMs } = this.#options;
    const lease = await this.#read(signal);
    const begin = clock.monotonic();
    const holder = lease?.spec?.holderIdentity ?? '';
    if (holder !== '' && holder !== identity) {
      // Another one took it while we thought it ours.
      this.#leading = false;
      const theirs = (lease?.spec?.leaseDurationSeconds ?? leaseDurationMs / 1000) * 1000;
      if (this.#seen && begin < this.#seen.at + theirs) return false;
    }
    // A later term began in our own name: a process of the same identity took over, which is ours to believe.
    if (this.#leading && (lease?.spec?.leaseTransitions ?? 0) > this.#transitions) {
      this.#leading = false;
      return false;
    }
    const now = microTime(clock.now());
    const term = this.#leading
      ? this.#transitions
      : Math.max(this.#transitions, lease?.spec?.leaseTransitions ?? 0) + 1;
    const spec = {
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(leaseDurationMs / 1000),
      acquireTime: this.#leading ? (lease?.spec?.acquireTime ?? now) : now,
      renewTime: now,
      leaseTransitions: term,
    };
    const written = lease
      ? await this.#leases.replace({ ...lease, spec }, { signal })
      : await this.#leases.create(
          { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name, namespace }, spec },
          { signal },
        );
    this.#seen = { lease: written, at: begin };
    this.#transitions = term;
    this.#leading = true;
    return true;
  }

  /** The lease as it is; its age starts when a change in it is first seen. */
  async #read(signal: AbortSignal): Promise<Stored<Lease> | undefined> {
    try {
      const lease = await this.#leases.get(this.#options.name, { signal });
      if (this.#seen?.lease.metadata.resourceVersion !== lease.metadata.resourceVersion)
        this.#seen = { lease, at: this.#options.clock.monotonic() };
      return lease;
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /** Lets the next candidate in at once. Failing that, the lease runs out by itself. */
  async #release(): Promise<void> {
    const { clock, logger } = this.#options;
    const lease = this.#seen?.lease;
    if (!lease) return;
    const now = microTime(clock.now());
    const spec = { ...lease.spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime: now };
    try {
      await this.#leases.replace({ ...lease, spec });
    } catch (error) {
      logger.warn({ err: error }, 'the lease could not be given back');
    }
  }
}
