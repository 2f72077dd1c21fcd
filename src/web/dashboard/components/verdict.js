// What became of a query, or of many.

import { html } from '../vendor/preact.js';
import { number, percent } from '../app/format.js';
import { t } from '../app/words.js';

/** @param {{ of: string }} props */
export const Verdict = ({ of }) => html`<span class=${`chip ${of === 'block' ? 'block' : of === 'allow' ? 'through' : ''}`}>${t(`verdict.${of}`)}</span>`;

/** To choose one, or all. @returns {[string, string][]} */
export const verdictOptions = () => [['', t('live.everyVerdict')], ...['block', 'allow', 'pass', 'local'].map((one) => /** @type {[string, string]} */ ([one, t(`verdict.${one}`)]))];

/**
 * How much was refused, as a bar with its words. What trackers got is hatched.
 * @param {{ block: number, rest: number }} props
 */
export function Ratio({ block, rest }) {
  const all = block + rest;
  const share = all ? block / all : 0;
  return html`<span class="ratio" role="img" aria-label=${t('ratio', { block: number(block), all: number(all), share: percent(share) })} title=${t('ratio', { block: number(block), all: number(all), share: percent(share) })}>
    <i style=${{ width: `${share * 100}%` }}></i><i style=${{ width: `${all ? 100 - share * 100 : 0}%` }}></i></span>`;
}
