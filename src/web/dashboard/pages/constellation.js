// The picture: devices and the companies that follow them; as a graph, as streams, as a table.

import { html, useMemo, useState } from '../vendor/preact.js';
import { CATEGORIES, categoryName, colour } from '../components/category.js';
import { Search, Segments } from '../components/form.js';
import { Empty, Head, Loading } from '../components/states.js';
import { GraphView } from '../constellation/graph.js';
import { Panel } from '../constellation/panel.js';
import { SankeyView } from '../constellation/sankey.js';
import { Twin } from '../constellation/twin.js';
import { query } from '../app/api.js';
import { useData } from '../app/data.js';
import { day } from '../app/format.js';
import { t } from '../app/words.js';

/** @typedef {import('../app/contract').Graph} Graph */
/** @typedef {import('../constellation/layout.js').Node} Node */

const DAY = 86400;
const SPAN = 30;
const STEPS = [25, 100, 1000];

/** Without the categories that were switched off. @param {Graph} graph @param {Set<string>} off @returns {Graph} */
function without(graph, off) {
  if (!off.size) return graph;
  /** @type {Map<number, number>} */
  const places = new Map();
  const companies = graph.companies.filter((one, i) => {
    if (off.has(one.category)) return false;
    places.set(i, places.size);
    return true;
  });
  /** @type {Graph['links']} */
  const links = [];
  for (const [d, c, block, through] of graph.links) {
    const place = places.get(c);
    if (place !== undefined) links.push([d, place, block, through]);
  }
  return { ...graph, companies, links };
}

/** @param {{ graph: Graph, off: Set<string>, setOff: (off: Set<string>) => void }} props */
function Legend({ graph, off, setOff }) {
  const counts = new Map(CATEGORIES.map((one) => [one, graph.companies.filter((company) => company.category === one).length]));
  /** @param {string} category */
  function toggle(category) {
    const next = new Set(off);
    if (!next.delete(category)) next.add(category);
    setOff(next);
  }
  return html`<div class="legend" role="group" aria-label=${t('picture.filter')}>
    ${CATEGORIES.filter((one) => counts.get(one)).map((one) => html`<button aria-pressed=${!off.has(one)} onClick=${() => toggle(one)}>
      <svg viewBox="0 0 10 10" aria-hidden="true"><circle cx="5" cy="5" r="4" fill=${off.has(one) ? 'none' : colour(one)} stroke=${colour(one)} stroke-width="1.5" /></svg>${categoryName(one)} <span>${counts.get(one)}</span></button>`)}
    <span class="line"><svg viewBox="0 0 30 10" aria-hidden="true"><path d="M1 5h28" stroke="currentColor" stroke-width="2" stroke-dasharray="4 3" /></svg>${t('picture.stopped')}</span>
    <span class="line"><svg viewBox="0 0 30 10" aria-hidden="true"><path d="M1 5h28" stroke="currentColor" stroke-width="2.5" /></svg>${t('picture.through')}</span>
  </div>`;
}

export function Page() {
  const [view, setView] = useState('graph');
  const [days, setDays] = useState('7');
  const [ago, setAgo] = useState(0);
  const [off, setOff] = useState(/** @type {Set<string>} */ (new Set()));
  const [most, setMost] = useState(0);
  const [wanted, want] = useState('');
  const [chosen, choose] = useState(/** @type {Node | null} */ (null));

  const back = Math.min(ago, SPAN - Number(days));
  // To the whole hour: the same question a minute later is the same picture.
  const now = useMemo(() => Math.ceil(Date.now() / 3600000) * 3600, [days, ago]);
  const to = now - back * DAY;
  const from = to - Number(days) * DAY;
  const graph = useData(query('/graph', { from: from + 3600, to: back ? to : null }));
  const shown = useMemo(() => graph.data && without(graph.data, off), [graph.data, off]);
  const period = Number(days) === 1 ? day(to - 1) : `${day(from + 3600)} – ${day(to - 1)}`;

  return html`<div class="page wide">
    <${Head} title=${t('picture.title')} about=${t('picture.about')}>
      <${Segments} label=${t('picture.view')} value=${view} onChange=${setView} options=${['graph', 'streams', 'table'].map((one) => [one, t(`picture.${one}`)])} /><//>
    <div class="row filters">
      <div class="grow"><${Search} label=${t('picture.search')} value=${wanted} onInput=${want} /></div>
      <${Segments} label=${t('days.label')} value=${days} onChange=${setDays} options=${['1', '7', '30'].map((n) => [n, t('days.n', { n: Number(n) })])} />
      <label class="time grow"><span class="small">${t('picture.time')} <b>${period}</b></span>
        <input type="range" min=${0} max=${SPAN - Number(days)} value=${SPAN - Number(days) - back} disabled=${days === '30'} aria-valuetext=${period}
          onInput=${(/** @type {any} */ event) => setAgo(SPAN - Number(days) - Number(event.target.value))} /></label>
    </div>
    <${Loading} of=${graph} lines=${9}>${(/** @type {Graph} */ all) => html`
      <${Legend} graph=${all} off=${off} setOff=${setOff} />
      ${!shown || !shown.links.length ? html`<section class="card"><${Empty} title=${all.links.length ? t('picture.allOff') : t('home.nobody')}>${all.links.length ? '' : t('home.ask')}<//></section>`
        : view === 'graph' ? html`<div class="sight"><section class="card flush">
            <${GraphView} graph=${shown} most=${STEPS[most]} chosen=${chosen?.id ?? null} wanted=${wanted} onChoose=${choose} onMore=${() => setMost(Math.min(most + 1, STEPS.length - 1))} />
            ${most > 0 && html`<div class="row fewer"><button class="do plain" onClick=${() => setMost(most - 1)}>${t('picture.fewer', { n: STEPS[most - 1] })}</button></div>`}</section>
            ${chosen && html`<${Panel} key=${chosen.id} node=${chosen} onClose=${() => choose(null)} />`}</div>`
        : view === 'streams' ? html`<section class="card"><${SankeyView} graph=${shown} /></section>`
        : html`<${Twin} graph=${shown} wanted=${wanted} />`}`}<//>
  </div>`;
}
