// What the server says of itself, in the reader's words; where there are none, in its own.

import { html } from '../vendor/preact.js';
import { known, t } from '../app/words.js';

/** @typedef {import('../app/contract').Problem} Problem */
/** @typedef {import('../app/contract').Alert} Alert */
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

/** Words, marked as English where they are the server's. @param {{ of: string, own: boolean }} props */
export const InWords = ({ of, own }) => html`<span lang=${own ? 'en' : undefined}>${of}</span>`;
