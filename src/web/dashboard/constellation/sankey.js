// The same counts as streams: the wider, the more hours or questions.

import { html, useEffect, useMemo, useRef, useState } from '../vendor/preact.js';
import { sankey, sankeyLinkHorizontal } from '../vendor/d3.js';
import { categoryName, colour } from '../components/category.js';
import { Segments } from '../components/form.js';
import { number } from '../app/format.js';
import { t } from '../app/words.js';

/** @typedef {import('../app/contract').Graph} Graph */
/** @typedef {{ id: string, name: string, colour: string, side: 0 | 1 }} End */

/** @type {Record<string, ['device' | 'category', 'company' | 'category' | 'device']>} */
const WAYS = { devices: ['device', 'category'], companies: ['category', 'company'], pairs: ['device', 'company'] };

/** @param {Graph} graph @param {string} way @param {number} most ends at a side */
function flows(graph, way, most) {
  const [from, to] = WAYS[way] ?? ['device', 'category'];
  /** @param {string} kind @param {number} d @param {number} c @returns {[string, string, string]} key, name, colour */
  const end = (kind, d, c) => {
    const [device, company] = [graph.devices[d], graph.companies[c]];
    const category = company?.category ?? 'other';
    if (kind === 'device') return [device?.key ?? '', device?.name ?? '', 'var(--soft)'];
    return kind === 'category' ? [category, categoryName(category), colour(category)] : [company?.name ?? '', company?.name ?? '', colour(category)];
  };
  /** @type {[Map<string, number>, Map<string, number>]} */
  const sums = [new Map(), new Map()];
  for (const [d, c, block, through] of graph.links) {
    [from, to].forEach((kind, side) => {
      const key = end(kind, d, c)[0];
      sums[/** @type {0 | 1} */ (side)].set(key, (sums[/** @type {0 | 1} */ (side)].get(key) ?? 0) + block + through);
    });
  }
  const kept = sums.map((sum) => new Set([...sum].sort((a, b) => b[1] - a[1]).slice(0, most).map(([key]) => key)));
  /** @type {Map<string, End>} */
  const nodes = new Map();
  /** @type {Map<string, { source: string, target: string, value: number, paint: string }>} */
  const links = new Map();
  for (const [d, c, block, through] of graph.links) {
    const ids = /** @type {const} */ ([[from, 0], [to, 1]]).map(([kind, side]) => {
      const [key, name, paint] = end(kind, d, c);
      const mine = kept[side]?.has(key);
      const id = `${side}:${mine ? key : ''}`;
      if (!nodes.has(id)) nodes.set(id, { id, name: mine ? name : t('picture.allOthers'), colour: mine ? paint : 'var(--edge)', side });
      return id;
    });
    const [source = '', target = ''] = ids;
    const key = `${source} ${target}`;
    const link = links.get(key) ?? { source, target, value: 0, paint: nodes.get(to === 'category' || to === 'company' ? target : source)?.colour ?? '' };
    link.value += block + through;
    links.set(key, link);
  }
  return { nodes: [...nodes.values()], links: [...links.values()] };
}

/** @param {{ graph: Graph }} props */
export function SankeyView({ graph }) {
  const place = useRef(/** @type {HTMLDivElement | null} */ (null));
  const [width, setWidth] = useState(0);
  const [way, setWay] = useState('devices');
  const [lit, light] = useState(-1);
  useEffect(() => {
    const box = place.current;
    if (!box) return undefined;
    const watch = new ResizeObserver(() => setWidth(box.clientWidth));
    watch.observe(box);
    return () => watch.disconnect();
  }, []);
  const narrow = width < 560;
  const most = narrow ? 10 : 16;
  const made = useMemo(() => {
    if (!width || !graph.links.length) return null;
    const { nodes, links } = flows(graph, way, most);
    const height = Math.max(420, Math.max(nodes.filter((one) => !one.side).length, nodes.filter((one) => one.side).length) * (narrow ? 38 : 32));
    const layout = /** @type {any} */ (sankey()).nodeId((/** @type {any} */ one) => one.id).nodeWidth(12).nodePadding(narrow ? 17 : 14).extent([[1, 6], [width - 1, height - 6]]);
    return { ...layout({ nodes: nodes.map((one) => ({ ...one })), links: links.map((one) => ({ ...one })) }), height };
  }, [graph, way, width, most, t('picture.allOthers')]);
  const ribbon = sankeyLinkHorizontal();
  const letters = narrow ? 17 : 30;
  return html`<div class="stack">
    <${Segments} label=${t('picture.streams')} value=${way} onChange=${setWay} options=${Object.keys(WAYS).map((one) => [one, t(`picture.way.${one}`)])} />
    <div class="streams" ref=${place}>${made && html`<svg width=${width} height=${made.height} role="img" aria-label=${t('picture.streamsLabel')}>
      <g fill="none">${made.links.map((/** @type {any} */ link, /** @type {number} */ i) => html`<path d=${ribbon(link)} stroke=${link.paint} stroke-width=${Math.max(1, link.width)} class=${lit === i ? 'lit' : ''} onPointerEnter=${() => light(i)} onPointerLeave=${() => light(-1)}>
        <title>${link.source.name} → ${link.target.name}: ${number(link.value)}</title></path>`)}</g>
      ${made.nodes.map((/** @type {any} */ one) => html`<g><rect x=${one.x0} y=${one.y0} width=${one.x1 - one.x0} height=${Math.max(1, one.y1 - one.y0)} rx="3" fill=${one.colour}><title>${one.name}: ${number(one.value)}</title></rect>
        <text x=${one.side ? one.x0 - 7 : one.x1 + 7} y=${(one.y0 + one.y1) / 2} dy="0.35em" text-anchor=${one.side ? 'end' : 'start'}>${one.name.length > letters ? `${one.name.slice(0, letters - 1)}…` : one.name}</text></g>`)}
    </svg>`}</div></div>`;
}
