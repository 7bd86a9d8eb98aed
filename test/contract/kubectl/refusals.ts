import { INLINE, procedure } from '../harness/procedures.ts';
import { step, type Step } from './step.ts';

const hello = procedure('hello', INLINE);

/** What is wrong with a manifest, and what is only tried. */
export const REFUSALS: readonly Step[] = [
  step('create -f -', { input: procedure('wrong', { ...INLINE, startPolicy: 'Later' }) }),
  step('create -f -', { input: procedure('wrong', { script: { inline: 'a', file: 'b' } }) }),
  step('create -f -', {
    input: procedure('wrong', { ...INLINE, stop: { gracePeriodSeconds: '5' }, exclusive: 'x'.repeat(64) }),
  }),
  step('create -f -', { input: procedure('wrong', { ...INLINE, colour: 'red' }) }),
  step('create -f - --validate=warn', { input: procedure('warned', { ...INLINE, colour: 'red' }) }),
  step('apply -f -', { input: procedure('wrong', { script: { inlin: 'x' } }) }),
  step('apply -f -', { input: { ...hello, kind: 'Procedur' } }),

  step('apply -f - --dry-run=server', { input: procedure('dry', INLINE) }),
  step('create -f - --dry-run=client', { input: procedure('dry', INLINE) }),
];
