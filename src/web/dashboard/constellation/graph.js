// The picture itself: devices in the middle, companies around; one node in the light at a time.

import { html, useEffect, useMemo, useRef, useState } from '../vendor/preact.js';
import { quadtree, select, zoom, zoomIdentity } from '../vendor/d3.js';
import { categoryName, colour } from '../components/category.js';
import { Icon } from '../components/icon.js';
import { number } from '../app/format.js';
import { dark } from '../app/kept.js';
import { t } from '../app/words.js';
import { arrange, cut, legible } from './layout.js';

/** @typedef {import('./layout.js').Node} Node */
/** @typedef {import('./layout.js').Link} Link */
/** @typedef {import('./layout.js').Picture} Picture */

const NEAR = 26;

/** @param {Node} node */
export const nameOf = (node) => (node.kind === 'rest' ? t('picture.rest', { n: node.count, count: number(node.count) }) : node.name);

/** In words, for a reader and for the line below the picture. @param {Node} node */
export function sentenceOf(node) {
  if (node.kind === 'device') return t('picture.device', { n: node.reach, name: node.name, count: number(node.reach) });
  const given = { n: node.reach, name: nameOf(node), count: number(node.reach), category: node.category ? categoryName(node.category) : '', block: number(node.block), through: number(node.through) };
  return t(node.kind === 'rest' ? 'picture.others' : node.follows ? 'picture.company' : 'picture.needed', given);
}

/** @param {{ block: number, through: number }} one */
const got = (one) => one.through > one.block;

/** Bent towards the middle, so that lines of one company lie together. @param {Link} link @param {Picture} picture */
function path({ source, target }, { width, height }) {
  const [mx, my] = [(source.x + target.x) / 2, (source.y + target.y) / 2];
  return `M${source.x.toFixed(1)} ${source.y.toFixed(1)}Q${(mx + (width / 2 - mx) * 0.18).toFixed(1)} ${(my + (height / 2 - my) * 0.18).toFixed(1)} ${target.x.toFixed(1)} ${target.y.toFixed(1)}`;
}

/** @param {{ node: Node, named: import('./layout.js').Where | undefined, scale: number }} props */
function Dot({ node, named, scale }) {
  const paint = node.kind === 'company' ? colour(node.category) : 'var(--soft)';
  const name = nameOf(node);
  const shape = node.kind === 'device'
    ? html`<rect class="device" x=${-node.r} y=${-node.r} width=${node.r * 2} height=${node.r * 2} rx=${node.r * 0.55} />`
    : html`<circle class="back" r=${node.r} /><circle r=${node.r} fill=${paint} fill-opacity=${node.kind === 'rest' ? 0.12 : got(node) ? 0.95 : 0.22} stroke=${paint} stroke-width=${node.kind === 'rest' ? 1.5 : 2} stroke-dasharray=${got(node) && node.kind === 'company' ? undefined : '4 3'} />`;
  return html`<g transform=${`translate(${node.x.toFixed(1)} ${node.y.toFixed(1)})`}>${shape}
    ${node.kind === 'rest' && html`<text class="plus" dy="0.35em" style=${{ fontSize: `${Math.min(12, (node.r * 2.6) / (1 + String(node.count).length))}px` }}>+${node.count}</text>`}
    ${named && html`<text x=${named === 'left' ? -node.r - 5 / scale : named === 'right' ? node.r + 5 / scale : 0} y=${named === 'below' ? node.r + 13 / scale : named === 'above' ? -node.r - 5 / scale : 4 / scale} style=${{ textAnchor: named === 'left' ? 'end' : named === 'right' ? 'start' : 'middle', fontSize: `${12 / scale}px`, strokeWidth: `${3.5 / scale}px` }} class=${node.kind}>${cut(name)}</text>`}</g>`;
}

/**
 * @param {{ graph: import('../app/contract').Graph, most: number, chosen: string | null, wanted: string, onChoose: (node: Node | null) => void, onMore: () => void }} props
 */
export function GraphView({ graph, most, chosen, wanted, onChoose, onMore }) {
  const box = useRef(/** @type {HTMLDivElement | null} */ (null));
  const svg = useRef(/** @type {SVGSVGElement | null} */ (null));
  const moved = useRef(zoomIdentity);
  const hand = useRef(/** @type {any} */ (null));
  const [frame, setFrame] = useState({ width: 0, height: 0 });
  const [lit, light] = useState(/** @type {string | null} */ (null));
  const [scale, setScale] = useState(1);
  const [shift, setShift] = useState('');

  useEffect(() => {
    const place = box.current;
    if (!place) return undefined;
    const measure = () => setFrame({ width: place.clientWidth, height: place.clientHeight });
    measure();
    const watch = new ResizeObserver(measure);
    watch.observe(place);
    return () => watch.disconnect();
  }, []);

  const picture = useMemo(() => (frame.width ? arrange(graph, { ...frame, most }) : null), [graph, frame.width, frame.height, most]);
  const tree = useMemo(() => (picture ? quadtree(picture.nodes, (one) => one.x, (one) => one.y) : null), [picture]);
  const byId = useMemo(() => new Map(picture?.nodes.map((one) => [one.id, one]) ?? []), [picture]);

  useEffect(() => {
    if (!svg.current || !frame.width) return undefined;
    const handle = zoom().scaleExtent([1, 8]).translateExtent([[0, 0], [frame.width, frame.height]])
      // A page must still be scrolled over it: the wheel zooms only with Ctrl, one finger moves only what is zoomed.
      .filter((event) => (event.type === 'wheel' ? event.ctrlKey || event.metaKey : event.type.startsWith('touch') ? event.touches.length > 1 || moved.current.k > 1 : !event.button))
      .on('zoom', (event) => {
        moved.current = event.transform;
        setShift(event.transform.toString());
        setScale(Math.round(event.transform.k * 4) / 4);
      });
    hand.current = handle;
    const target = select(/** @type {Element} */ (svg.current));
    target.call(handle).on('dblclick.zoom', null);
    target.call(handle.transform, zoomIdentity);
    return () => { target.on('.zoom', null); };
  }, [frame.width, frame.height]);

  /** @param {number} by */
  const zoomBy = (by) => svg.current && hand.current && (by ? hand.current.scaleBy(select(/** @type {Element} */ (svg.current)), by) : hand.current.transform(select(/** @type {Element} */ (svg.current)), zoomIdentity));

  /** @param {PointerEvent} event */
  function under(event) {
    const edge = svg.current?.getBoundingClientRect();
    if (!edge || !tree) return null;
    const [x, y] = moved.current.invert([event.clientX - edge.left, event.clientY - edge.top]);
    const near = tree.find(x, y, 60 / moved.current.k);
    // The centre of a large node may be further away than the edge of it.
    const inside = picture?.nodes.find((one) => Math.hypot(one.x - x, one.y - y) <= one.r);
    if (inside) return inside;
    return near && Math.hypot(near.x - x, near.y - y) - near.r <= NEAR / moved.current.k ? near : null;
  }

  /** @param {Node | null} node */
  function open(node) {
    if (node?.kind === 'rest') onMore();
    else onChoose(node);
  }

  /** The nearest node in the direction of an arrow. @param {KeyboardEvent} event */
  function walk(event) {
    const step = /** @type {Record<string, [number, number]>} */ ({ ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] })[event.key];
    const here = (lit && byId.get(lit)) || null;
    if (event.key === 'Escape') { light(null); onChoose(null); return; }
    if ((event.key === 'Enter' || event.key === ' ') && here) { event.preventDefault(); open(here); return; }
    if (!step || !picture) return;
    event.preventDefault();
    if (!here) { light([...picture.nodes].sort((a, b) => b.reach - a.reach)[0]?.id ?? null); return; }
    let best = null;
    let least = Infinity;
    for (const one of picture.nodes) {
      const along = (one.x - here.x) * step[0] + (one.y - here.y) * step[1];
      const aside = Math.abs((one.x - here.x) * step[1]) + Math.abs((one.y - here.y) * step[0]);
      if (along > 1 && along + aside * 2 < least) [best, least] = [one, along + aside * 2];
    }
    if (best) light(best.id);
  }

  const night = dark.value;
  const word = t('picture.label');
  const base = useMemo(() => picture && html`
    <g class="links">${picture.links.map((link) => html`<path d=${path(link, picture)} class=${got(link) ? 'through' : 'no'} stroke=${link.target.kind === 'rest' ? 'var(--edge)' : colour(link.target.category)} />`)}</g>`, [picture, night]);
  const named = useMemo(() => (picture ? legible(picture.nodes, scale, picture) : new Map()), [picture, scale]);
  const dots = useMemo(() => picture && html`<g class="dots">${picture.nodes.map((node) => html`<${Dot} key=${node.id} node=${node} named=${named.get(node.id)} scale=${scale} />`)}</g>`, [picture, named, night, word]);

  const found = wanted && picture ? picture.nodes.filter((one) => one.kind !== 'rest' && one.name.toLowerCase().includes(wanted.toLowerCase())) : [];
  const focus = lit ?? (found.length ? 'found' : chosen);
  const node = focus && focus !== 'found' ? byId.get(focus) : undefined;
  const rays = node && picture ? picture.around.get(node.id) ?? [] : [];
  const seen = node ? [node, ...rays.map((link) => (link.source === node ? link.target : link.source))] : found;
  const said = seen.length && picture ? legible(seen, scale, picture) : new Map();
  if (node && !said.has(node.id)) said.set(node.id, 'below');

  return html`<div class="sky"><div class="field-of-view" ref=${box}>
    ${picture && html`<svg ref=${svg} width=${picture.width} height=${picture.height} tabindex="0" role="application" aria-label=${t('picture.label')} aria-roledescription=${t('picture.role')}
      class=${seen.length ? 'lit' : ''} onKeyDown=${walk} onBlur=${() => light(null)}
      onPointerMove=${(/** @type {PointerEvent} */ event) => event.pointerType === 'mouse' && light(under(event)?.id ?? null)} onPointerLeave=${() => light(null)}
      onClick=${(/** @type {any} */ event) => open(under(event))}>
      <g transform=${shift}>${base}${dots}
        ${seen.length > 0 && html`<g class="focus">${rays.map((link) => html`<path d=${path(link, picture)} class=${got(link) ? 'through' : 'no'} stroke=${link.target.kind === 'rest' ? 'var(--edge)' : colour(link.target.category)} />`)}
          ${[...seen].reverse().map((one) => html`<${Dot} node=${one} named=${said.get(one.id)} scale=${scale} />`)}</g>`}</g></svg>`}</div>
    <div class="below"><p class="says" aria-live="polite">${node ? sentenceOf(node) : wanted && !found.length ? t('nothingFound') : t('picture.hint')}</p>
    <div class="zoom"><button class="do square" aria-label=${t('picture.in')} onClick=${() => zoomBy(1.6)}><${Icon} name="plus" /></button>
      <button class="do square" aria-label=${t('picture.out')} onClick=${() => zoomBy(0.625)}><${Icon} name="minus" /></button>
      <button class="do square" aria-label=${t('picture.whole')} onClick=${() => zoomBy(0)}><${Icon} name="whole" /></button></div></div>
  </div>`;
}
