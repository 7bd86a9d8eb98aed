import { INLINE, procedure } from '../harness/procedures.ts';
import { step, type Step } from './step.ts';

const mixed = procedure('mixed', { ...INLINE, exclusive: 'a' });
const later = procedure('mixed', { ...INLINE, exclusive: 'b' });

/** Server-side apply, alone and after the other kind; replacing and deleting. */
export const APPLIES: readonly Step[] = [
  step('apply --server-side -f -', { input: procedure('applied', { ...INLINE, exclusive: 'a' }) }),
  step('apply --server-side -f -', { input: procedure('applied', { ...INLINE, exclusive: 'a' }) }),
  step('apply --server-side --field-manager=other -f -', {
    input: procedure('applied', { ...INLINE, exclusive: 'b' }),
  }),
  step('apply --server-side --field-manager=other --force-conflicts -f -', {
    input: procedure('applied', { ...INLINE, exclusive: 'b' }),
  }),

  step('apply -f -', { input: mixed }),
  step('diff --server-side -f -', { input: later }),
  step('apply --server-side --dry-run=server -f -', { input: later }),
  step('apply --server-side -f -', { input: later }),
  step('get procedure mixed -o yaml --show-managed-fields'),
  step('apply -f -', { input: mixed }),
  step('get procedure mixed -o yaml --show-managed-fields'),
  step('patch procedure mixed --type=merge -p {"spec":{"exclusive":"c"}}'),
  step('apply --server-side -f -', { input: later }),

  step('get procedures --sort-by=.metadata.name -o name'),
  step('replace -f -', { input: procedure('applied', { ...INLINE, exclusive: 'c' }) }),
  step('replace --force -f -', { input: later }),
  step('delete procedure mixed --dry-run=server'),
  step('delete procedure mixed --cascade=orphan'),
  step('create --save-config -f -', { input: mixed }),
  step('delete procedure mixed --cascade=foreground --timeout=120s'),
  step('create -o name -f -', { input: mixed }),
  step('delete -f - --wait', { input: mixed }),
  step('delete -f -', { input: mixed }),
  step('delete -f - --ignore-not-found', { input: mixed }),
];
