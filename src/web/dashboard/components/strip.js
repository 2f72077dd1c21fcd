// The last hours as bars: what was asked, and what of it was refused.

import { html } from '../vendor/preact.js';
import { clock, number } from '../app/format.js';
import { t } from '../app/words.js';

const WIDE = 480;
const HIGH = 78;

/** @param {{ series: import('../app/contract').Series }} props */
export function Strip({ series }) {
  const all = series.block.map((n, i) => n + (series.allow[i] ?? 0) + (series.pass[i] ?? 0));
  const step = WIDE / (all.length || 1);
  const most = Math.max(1, ...all);
  const sum = (/** @type {number[]} */ one) => one.reduce((a, b) => a + b, 0);
  const marks = [0, 6, 12, 18, all.length - 1].filter((i, at, every) => i < all.length && every.indexOf(i) === at);
  return html`<svg class="strip" viewBox=${`0 0 ${WIDE} ${HIGH}`} preserveAspectRatio="none" role="img" aria-label=${t('strip.label', { all: number(sum(all)), block: number(sum(series.block)), hours: all.length })}>
    ${all.map((n, i) => html`<g><title>${clock(series.since + i * series.step)}: ${t('strip.hour', { all: number(n), block: number(series.block[i] ?? 0) })}</title>
      <rect class="let" x=${i * step} y=${HIGH - (n / most) * HIGH} width=${step * 0.72} height=${(n / most) * HIGH} rx="2" />
      <rect class="no" x=${i * step} y=${HIGH - ((series.block[i] ?? 0) / most) * HIGH} width=${step * 0.72} height=${((series.block[i] ?? 0) / most) * HIGH} rx="2" /></g>`)}
  </svg>
  <div class="ticks" aria-hidden="true">${marks.map((i) => html`<span>${clock(series.since + i * series.step)}</span>`)}</div>`;
}
