// Numbers, times and sizes as the reader's language writes them.

import { language } from './kept.js';
import { t } from './words.js';

/** @type {Map<string, any>} */
const made = new Map();

/**
 * @template T
 * @param {string} name
 * @param {(language: string) => T} make
 * @returns {T}
 */
function once(name, make) {
  // English in London has another clock than in New York.
  const local = navigator.languages?.find((one) => one.startsWith(language.value)) ?? language.value;
  const key = `${local} ${name}`;
  if (!made.has(key)) made.set(key, make(local));
  return made.get(key);
}

/** @param {number} n */
export const number = (n) => once('number', (l) => new Intl.NumberFormat(l)).format(n);
/** @param {number} n 12,345 as 12K */
export const short = (n) => once('short', (l) => new Intl.NumberFormat(l, { notation: 'compact', maximumFractionDigits: 1 })).format(n);
/** @param {number} share 0..1 */
export const percent = (share) => once('percent', (l) => new Intl.NumberFormat(l, { style: 'percent', maximumFractionDigits: 0 })).format(share);

/** @param {string} name @param {Intl.DateTimeFormatOptions} options */
const dated = (name, options) => (/** @type {number} */ seconds) => once(name, (l) => new Intl.DateTimeFormat(l, options)).format(seconds * 1000);

export const clock = dated('clock', { hour: '2-digit', minute: '2-digit' });
export const second = dated('second', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
export const day = dated('day', { day: 'numeric', month: 'short' });
export const date = dated('date', { day: 'numeric', month: 'short', year: 'numeric' });
export const weekday = dated('weekday', { weekday: 'short' });

/** When, as near as it matters. @param {number | null} seconds */
export function when(seconds) {
  if (!seconds) return t('never');
  const now = Date.now() / 1000;
  const ago = now - seconds;
  if (ago < 60 && ago > -5) return t('justNow');
  const relative = once('relative', (l) => new Intl.RelativeTimeFormat(l, { numeric: 'auto' }));
  if (ago > 0 && ago < 3600) return relative.format(-Math.round(ago / 60), 'minute');
  if (ago > 0 && ago < 86400) return relative.format(-Math.round(ago / 3600), 'hour');
  if (ago > 0 && ago < 86400 * 6) return relative.format(-Math.round(ago / 86400), 'day');
  return date(seconds);
}

/** When, of what is known by its hour alone. @param {number | null} hour */
export const whenHour = (hour) => (hour && Date.now() / 1000 - hour < 3600 ? t('thisHour') : when(hour));

/** A time to come: `14:05`, or with its day if that is another. @param {number} seconds */
export function until(seconds) {
  const same = new Date(seconds * 1000).toDateString() === new Date().toDateString();
  return same ? clock(seconds) : `${weekday(seconds)} ${clock(seconds)}`;
}

/** @param {number} seconds */
export function lasting(seconds) {
  const [n, unit] = seconds >= 86400 * 2 ? [seconds / 86400, 'day'] : seconds >= 5400 ? [seconds / 3600, 'hour'] : seconds >= 60 ? [seconds / 60, 'minute'] : [seconds, 'second'];
  return once(`unit ${unit}`, (l) => new Intl.NumberFormat(l, { style: 'unit', unit: String(unit), unitDisplay: 'long', maximumFractionDigits: 0 })).format(Number(n));
}

/** @param {number} n */
export function bytes(n) {
  const [value, unit] = n >= 1e9 ? [n / 1e9, 'gigabyte'] : n >= 1e6 ? [n / 1e6, 'megabyte'] : n >= 1e3 ? [n / 1e3, 'kilobyte'] : [n, 'byte'];
  return once(`size ${unit}`, (l) => new Intl.NumberFormat(l, { style: 'unit', unit: String(unit), unitDisplay: unit === 'byte' ? 'long' : 'short', maximumFractionDigits: 1 })).format(Number(value));
}
