// A table that can be sorted; on a phone each row is a card. Long ones show more when asked.

import { html, useMemo, useState } from '../vendor/preact.js';
import { number } from '../app/format.js';
import { t } from '../app/words.js';

/**
 * @typedef {object} Column
 * @property {string} label
 * @property {(row: any) => any} cell
 * @property {(row: any) => string | number} [by] what it is sorted by; without it, it cannot be
 * @property {boolean} [number] to the right
 * @property {boolean} [wide] a line of its own on a phone
 * @property {boolean} [bare] without its label on a phone
 * @property {boolean} [beside] beside the name on a phone
 */

const STEP = 50;

/**
 * @param {{ label: string, columns: Column[], rows: any[], name: (row: any) => string, sorted?: [number, 1 | -1] }} props
 */
export function Table({ label, columns, rows, name, sorted }) {
  const [order, setOrder] = useState(sorted ?? null);
  const [most, setMost] = useState(STEP);
  const shown = useMemo(() => {
    const by = order && columns[order[0]]?.by;
    if (!by || !order) return rows;
    const way = order[1];
    return [...rows].sort((a, b) => {
      const [x, y] = [by(a), by(b)];
      return way * (typeof x === 'string' ? x.localeCompare(String(y)) : Number(x) - Number(y));
    });
  }, [rows, order]);

  const head = columns.map((column, i) => {
    const mine = order?.[0] === i ? order[1] : 0;
    if (!column.by) return html`<th scope="col" class=${column.number ? 'number' : ''}>${column.label || html`<span class="unseen">${t('table.actions')}</span>`}</th>`;
    return html`<th scope="col" class=${column.number ? 'number' : ''} aria-sort=${mine ? (mine > 0 ? 'ascending' : 'descending') : undefined}>
      <button onClick=${() => setOrder([i, mine ? /** @type {1 | -1} */ (-mine) : column.number ? -1 : 1])}>${column.label}${mine ? (mine > 0 ? ' ↑' : ' ↓') : ''}</button></th>`;
  });
  return html`<div class="cards scroll" role="region" aria-label=${label} tabindex="0"><table>
      <caption class="unseen">${label}</caption>
      <thead><tr>${head}</tr></thead>
      <tbody>${shown.slice(0, most).map((row) => html`<tr key=${name(row)}>
        ${columns.map((column) => html`<td class=${`${column.number ? 'number ' : ''}${column.wide ? 'wide ' : ''}${column.beside ? 'beside ' : ''}${column.bare || !column.label ? 'bare' : ''}`} data-label=${column.label}>${column.cell(row)}</td>`)}</tr>`)}
      </tbody></table></div>
    ${shown.length > most && html`<div class="row more-rows"><button class="do" onClick=${() => setMost(most + STEP * 4)}>${t('table.more', { n: shown.length - most, more: number(shown.length - most) })}</button></div>`}`;
}
