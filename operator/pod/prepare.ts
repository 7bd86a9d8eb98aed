/** The `prepare` message of a procedure (docs/protocol.md section 2). */
import { DEFAULTS } from '../../crds/constants.ts';
import type { Procedure } from '../../crds/index.ts';
import { EXTRA_GRACE_SECONDS } from '../decide/decide.ts';
import type { ScriptMessage } from './script.ts';

export function prepareMessage(procedure: Procedure, script: ScriptMessage, argsJSON: string): Record<string, unknown> {
  const { spec, status, metadata } = procedure;
  const { requirements = [] } = spec.environment ?? {};
  const graceSeconds = spec.stop?.gracePeriodSeconds ?? DEFAULTS.gracePeriodSeconds;
  return {
    id: String(status.id ?? metadata.name ?? ''),
    name: metadata.name,
    script,
    ...(requirements.length > 0 && { environment: { requirements } }),
    argsJSON,
    limits: {
      graceSeconds,
      terminationSeconds: graceSeconds + EXTRA_GRACE_SECONDS,
      prepareSeconds: spec.deadlines.prepareSeconds,
      runSeconds: spec.deadlines.runSeconds ?? null,
      maxBytes: spec.output.maxBytes,
      captureSeconds: spec.output.captureSeconds,
    },
  };
}
