/** A time (seconds since the epoch) in UTC: `2020-09-30 10:30:12`. */
export function utcSeconds(seconds: number): string {
  return formatMicroseconds(seconds, false);
}

/** A time (seconds since the epoch) in UTC with microseconds: `2020-09-30 10:30:12.000123`. */
export function utcMicroseconds(seconds: number): string {
  return formatMicroseconds(seconds, true);
}

function formatMicroseconds(seconds: number, withFraction: boolean): string {
  const micros = Math.round(seconds * 1e6);
  const whole = Math.floor(micros / 1e6);
  const date = new Date(whole * 1000);
  if (Number.isNaN(date.getTime())) return '-';
  const text = date.toISOString().slice(0, 19).replace('T', ' ');
  return withFraction ? `${text}.${String(micros - whole * 1e6).padStart(6, '0')}` : text;
}
