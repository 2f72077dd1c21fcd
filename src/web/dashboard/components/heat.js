// A week by hours: the darker, the more was refused.

import { html } from '../vendor/preact.js';
import { number, weekday } from '../app/format.js';
import { t } from '../app/words.js';

/** @param {{ heat: import('../app/contract').Heat }} props */
export function HeatMap({ heat }) {
  const most = Math.max(1, ...heat.days.flatMap((day) => day.hours.map((hour) => hour.block)));
  const total = (/** @type {{block: number}[]} */ hours) => hours.reduce((n, hour) => n + hour.block, 0);
  return html`<div class="heat" role="img" aria-label=${heat.days.map((day) => `${weekday(day.day)}: ${t('heat.refused', { n: total(day.hours), block: number(total(day.hours)) })}`).join('; ')}>
    <span></span>${[0, 6, 12, 18].map((hour) => html`<span class="hour">${String(hour).padStart(2, '0')}:00</span>`)}
    ${heat.days.map((day) => html`<span>${weekday(day.day)}</span>${day.hours.map((hour, i) => html`<i title=${`${weekday(day.day)} ${i}:00 – ${t('heat.refused', { n: hour.block, block: number(hour.block) })}`}
      style=${hour.block ? { background: `rgb(var(--heat) / ${(0.12 + 0.88 * Math.sqrt(hour.block / most)).toFixed(2)})` } : {}}></i>`)}`)}
  </div>`;
}
