// What the server says of itself, in the reader's words; where there are none, in its own.

import { html } from '../vendor/preact.js';
import { lasting, number } from '../app/format.js';
import { known, t } from '../app/words.js';

/** @typedef {import('../app/contract').Problem} Problem */
/** @typedef {import('../app/contract').Alert} Alert */
/** @typedef {import('../app/contract').Change} Change */
/** @typedef {import('../app/contract').Kept} Kept */
/** @typedef {{ text: string, mend: string, own: boolean }} Said own: in the server's words */

/** Why a list does not come, or is not taken; the server's own line where there is no word. @param {{ why: string | null }} list */
export const reason = (list) => (list.why && known(`lists.why.${list.why}`) ? t(`lists.why.${list.why}`) : null);

/** @param {Problem} problem @returns {Said} */
export function problemSaid({ what, given, text, mend }) {
  const why = 'why' in given ? reason({ why: given.why ?? null }) : '';
  if (!known(`trouble.${what}`) || why === null) return { text, mend, own: true };
  return { text: t(`trouble.${what}`, { ...given, why }), mend: t(`trouble.${what}.mend`), own: false };
}

/** @param {Alert} alert @returns {Said} */
export function alertSaid({ what, text, device, company, list }) {
  if (!known(`alert.${what}`)) return { text, mend: '', own: true };
  return { text: t(`alert.${what}`, { device, company, list }), mend: '', own: false };
}

/** What was changed. @param {Change} change @returns {Said} */
export function changeSaid({ what, given, text }) {
  if (!known(`change.${what}`)) return { text, mend: '', own: true };
  return { text: t(`change.${what}`, { given, time: lasting(Number(given)) }), mend: '', own: false };
}

/** What is in a file of the data folder. @param {Kept['files'][0]} file */
export const fileSaid = ({ what, text }) => (known(`kept.${what}`) ? { of: t(`kept.${what}`), own: false } : { of: text, own: true });

/** What was deleted. @param {{ hours: number, queries: number | null }} done @param {string} whose */
export const forgotten = ({ hours, queries }, whose) => [t('forgot.hours', { n: hours, hours: number(hours), whose }), ...(queries === null ? [] : [t('forgot.queries', { n: queries, queries: number(queries) })])].join(' ');

/** Words, marked as English where they are the server's. @param {{ of: string, own: boolean }} props */
export const InWords = ({ of, own }) => html`<span lang=${own ? 'en' : undefined}>${of}</span>`;
