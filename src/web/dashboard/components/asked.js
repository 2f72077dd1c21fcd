// Names that were asked for, one a line: by whom, what became of them, and why.

import { html } from '../vendor/preact.js';
import { day, second } from '../app/format.js';
import { t } from '../app/words.js';
import { Verdict } from './verdict.js';

/** @param {{ items: import('../app/contract').Asked[], onWhy: (item: import('../app/contract').Asked) => void, days?: boolean }} props days: they are not all of just now */
export function Asked({ items, onWhy, days = false }) {
  return html`<ol class=${days ? 'asked dated' : 'asked'}>${items.map((item) => html`<li key=${item.number} class=${item.verdict}>
    <time>${days ? `${day(item.at)}, ` : ''}${second(item.at)}</time><span class="who">${item.device}</span>
    <span class="what"><b>${item.name}</b> <small>${item.type}${item.company ? ` · ${item.company}` : ''}</small></span>
    <${Verdict} of=${item.verdict} />
    <button class="do plain" aria-label=${`${t('live.why')} ${item.name}`} onClick=${() => onWhy(item)}>${t('live.why')}</button></li>`)}</ol>`;
}
