import type { LogOptions, Refusal } from '../apiserver/kubelet-api.ts';

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/** What is wrong with the options of a `pods/log`, in a real server's words; undefined if nothing is. */
export function checkLogOptions(pod: string, options: LogOptions): Refusal | undefined {
  const { sinceTime, sinceSeconds, tailLines, limitBytes } = options;
  if (sinceTime !== undefined && !TIME.test(sinceTime)) {
    const text = JSON.stringify(sinceTime);
    return {
      code: 400,
      message: `parsing time ${text} as "2006-01-02T15:04:05Z07:00": cannot parse ${text} as "2006"`,
    };
  }
  const wrong: string[] = [];
  const below = (name: string, value: number | undefined, least: number, rule: string): void => {
    if (value !== undefined && value < least)
      wrong.push(`${name}: Invalid value: ${value}: must be greater than ${rule}`);
  };
  below('tailLines', tailLines, 0, 'or equal to 0');
  below('limitBytes', limitBytes, 1, '0');
  if (sinceTime !== undefined && sinceSeconds !== undefined) {
    wrong.push('[]: Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified');
  } else below('sinceSeconds', sinceSeconds, 1, '0');
  if (wrong.length === 0) return undefined;
  const all = wrong.length === 1 ? wrong.join('') : `[${wrong.join(', ')}]`;
  return { code: 422, message: `PodLogOptions "${pod}" is invalid: ${all}` };
}
