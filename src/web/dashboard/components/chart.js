// Counts over days as a chart (uPlot): refused under what was asked in all.

import { html, useEffect, useRef } from '../vendor/preact.js';
import uPlot from '../vendor/uplot.js';
import { day, clock, number } from '../app/format.js';
import { dark } from '../app/kept.js';
import { t } from '../app/words.js';

/** @param {string} name */
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** Sums of each day where there is more than fits by hour. @param {import('../app/contract').Series} series */
function points(series) {
  const every = series.block.length > 24 * 8 ? 24 : series.block.length > 48 ? 6 : 1;
  /** @type {[number[], number[], number[]]} */
  const made = [[], [], []];
  for (let i = 0; i < series.block.length; i += every) {
    const sum = (/** @type {number[]} */ all) => all.slice(i, i + every).reduce((a, b) => a + b, 0);
    const block = sum(series.block);
    made[0].push(series.since + i * series.step);
    made[1].push(block + sum(series.allow) + sum(series.pass));
    made[2].push(block);
  }
  return made;
}

/** @param {{ series: import('../app/contract').Series, label: string }} props */
export function Chart({ series, label }) {
  const place = useRef(/** @type {HTMLDivElement | null} */ (null));
  const night = dark.value;
  useEffect(() => {
    const box = place.current;
    if (!box) return undefined;
    const axis = { stroke: css('--soft'), grid: { stroke: css('--line'), width: 1 }, ticks: { show: false }, font: `12px ${css('--sans')}` };
    const bars = uPlot.paths.bars?.({ size: [0.7, 60], radius: 0.15 });
    const shape = bars ? { paths: bars } : {};
    const told = (/** @type {any} */ _, /** @type {number | null} */ n) => (n === null || n === undefined ? '' : number(n));
    const chart = new uPlot({
      width: box.clientWidth, height: 190, padding: [8, 4, 0, 0],
      cursor: { y: false, points: { show: false } },
      scales: { y: { range: (_, __, most) => [0, Math.max(1, most)] } },
      axes: [{ ...axis, space: 70, values: (_, all) => all.map((at) => (series.block.length > 48 ? day(at) : clock(at))) }, { ...axis, size: 46, values: (_, all) => all.map((n) => number(n)) }],
      series: [{ label: ' ', value: (_, at) => (at ? `${day(at)} ${clock(at)}` : '') },
        { label: t('chart.all'), value: told, ...shape, fill: css('--rest'), stroke: css('--rest'), points: { show: false } },
        { label: t('chart.refused'), value: told, ...shape, fill: css('--accent'), stroke: css('--accent'), points: { show: false } }],
    }, points(series), box);
    const watch = new ResizeObserver(() => chart.setSize({ width: box.clientWidth, height: 190 }));
    watch.observe(box);
    return () => {
      watch.disconnect();
      chart.destroy();
    };
  }, [series, night]);
  const all = points(series);
  const sum = (/** @type {number[]} */ one) => number(one.reduce((a, b) => a + b, 0));
  return html`<div class="plot" ref=${place} role="img" aria-label=${`${label}: ${t('strip.hour', { all: sum(all[1]), block: sum(all[2]) })}`}></div>`;
}
