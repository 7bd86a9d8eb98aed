/** Prometheus metrics, by controller-runtime's names where it has one. */
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import type { TermSample } from './term.ts';

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export class OperatorMetrics {
  readonly registry = new Registry();
  readonly #depth: Gauge;
  readonly #wait: Histogram;
  readonly #passes: Counter;
  readonly #duration: Histogram;
  readonly #procedures: Gauge;
  readonly #captures: Gauge;
  readonly #waitingForTurn: Gauge;
  readonly #degraded: Gauge;
  #sample: (() => TermSample) | undefined;

  constructor() {
    const registers = [this.registry];
    collectDefaultMetrics({ register: this.registry });
    this.#depth = new Gauge({
      name: 'workqueue_depth',
      help: 'Procedures that wait for a pass.',
      labelNames: ['priority'],
      registers,
    });
    this.#wait = new Histogram({
      name: 'workqueue_queue_duration_seconds',
      help: 'How long a due procedure waited.',
      labelNames: ['priority'],
      buckets: SECONDS,
      registers,
    });
    this.#passes = new Counter({
      name: 'controller_runtime_reconcile_total',
      help: 'Passes by outcome.',
      labelNames: ['result'],
      registers,
    });
    this.#duration = new Histogram({
      name: 'controller_runtime_reconcile_time_seconds',
      help: 'How long a pass took.',
      buckets: SECONDS,
      registers,
    });
    this.#procedures = new Gauge({
      name: 'oet_procedures_unfinished',
      help: 'Procedures that are not over.',
      registers,
    });
    this.#captures = new Gauge({ name: 'oet_captures', help: 'Pods whose output is captured.', registers });
    this.#waitingForTurn = new Gauge({
      name: 'oet_procedures_waiting_for_turn',
      help: 'Procedures whose pod is made when others are up (OET_CONCURRENT_STARTS).',
      registers,
    });
    this.#degraded = new Gauge({
      name: 'oet_captures_degraded',
      help: 'Captures that something hinders: a store that takes nothing, a refused attach or log.',
      labelNames: ['reason'],
      registers,
    });
    for (const result of ['success', 'error', 'conflict']) this.#passes.inc({ result }, 0);
  }

  waited(ms: number, priority: string): void {
    this.#wait.observe({ priority }, ms / 1000);
  }

  passed(ms: number, result: 'success' | 'error' | 'conflict'): void {
    this.#passes.inc({ result });
    this.#duration.observe(ms / 1000);
  }

  /** Asks for the gauges' values whenever the metrics are read. */
  follow(sample: () => TermSample): void {
    this.#sample = sample;
  }

  async text(): Promise<string> {
    const now = this.#sample?.();
    if (now) {
      for (const [priority, depth] of Object.entries(now.queue.byPriority)) this.#depth.set({ priority }, depth);
      this.#procedures.set(now.procedures);
      this.#captures.set(now.captures);
      this.#waitingForTurn.set(now.waitingForTurn);
      this.#degraded.reset();
      for (const [reason, count] of now.degraded) this.#degraded.set({ reason }, count);
    }
    return this.registry.metrics();
  }
}
