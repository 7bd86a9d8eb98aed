import type { KubeObject } from '../objects.ts';

/** One column of a server-side table. */
export interface Column {
  name: string;
  type: string;
  format: string;
  description: string;
  /** 0 always, 1 with `-o wide`. */
  priority: number;
  /** The cell; `now` in milliseconds. */
  cell(object: KubeObject, now: number): unknown;
}

/** A column; a leading `+` in the name puts it into the wide form. */
export function column(name: string, cell: Column['cell'], type = 'string', format = ''): Column {
  const wide = name.startsWith('+');
  const shown = wide ? name.slice(1) : name;
  return { name: shown, type, format, description: shown, priority: wide ? 1 : 0, cell };
}

/** NAME, first in every table. */
export const nameColumn = column('Name', (object) => object.metadata.name, 'string', 'name');

/** AGE. */
export const ageColumn = column('Age', (object, now) => age(object.metadata.creationTimestamp, now));

/** Time since `time` as kubectl writes it: 45s, 6m25s, 3h4m, 2d; `<unknown>` without a time. */
export function age(time: unknown, now: number): string {
  if (typeof time !== 'string') return '<unknown>';
  const then = Date.parse(time);
  return Number.isNaN(then) ? '<unknown>' : shortDuration(now - then);
}

/** A duration in the two units that matter, as `duration.HumanDuration` of apimachinery cuts it. */
export function shortDuration(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  if (seconds < -1) return '<invalid>';
  if (seconds < 0) return '0s';
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  const two = (major: number, minor: number, units: [string, string]): string =>
    minor === 0 ? `${major}${units[0]}` : `${major}${units[0]}${minor}${units[1]}`;
  if (minutes < 10) return two(minutes, seconds % 60, ['m', 's']);
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 8) return two(hours, minutes % 60, ['h', 'm']);
  if (hours < 48) return `${hours}h`;
  const days = Math.floor(hours / 24);
  if (days < 8) return two(days, hours % 24, ['d', 'h']);
  if (days < 730) return `${days}d`;
  const years = Math.floor(days / 365);
  return years < 8 ? two(years, days % 365, ['y', 'd']) : `${years}y`;
}
