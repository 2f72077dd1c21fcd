// Where each node of the picture stands: devices in the middle, companies around them by category.
// Nothing here is left to chance: the same data make the same picture.

import { forceCollide, forceLink, forceSimulation, forceX, forceY } from '../vendor/d3.js';
import { CATEGORIES } from '../components/category.js';

/** @typedef {import('../app/contract').Graph} Graph */
/**
 * @typedef {object} Node
 * @property {string} id
 * @property {'device' | 'company' | 'rest'} kind
 * @property {string} name
 * @property {string} category
 * @property {boolean} follows false for a company that only has what people need
 * @property {number} reach devices reached, or companies met
 * @property {number} block
 * @property {number} through
 * @property {number} r
 * @property {number} x
 * @property {number} y
 * @property {number} hx where it would like to stand
 * @property {number} hy
 * @property {number} count companies it stands for
 */
/** @typedef {{ source: Node, target: Node, block: number, through: number }} Link */
/** @typedef {{ nodes: Node[], links: Link[], around: Map<string, Link[]>, width: number, height: number }} Picture */

const TURNS = 180;
/** A longer name is cut. */
const LETTERS = 18;
/** A name as it stands there. @param {string} name */
export const cut = (name) => (name.length > LETTERS ? `${name.slice(0, LETTERS - 1)}…` : name);
/** Where nothing is drawn: to learn how wide a name is. */
const paper = document.createElement('canvas').getContext('2d');

/** A number in 0..1 that is the same for the same word. @param {string} word */
function mark(word) {
  let hash = 2166136261;
  for (let i = 0; i < word.length; i += 1) hash = Math.imul(hash ^ word.charCodeAt(i), 16777619);
  return ((hash ^ (hash >>> 13)) >>> 0) / 4294967296;
}

/** Companies in the order that they stand around: by category, then by a mark of their name. @param {Node[]} companies */
function around(companies) {
  const place = (/** @type {Node} */ node) => (node.kind === 'rest' ? 99 : CATEGORIES.indexOf(node.category));
  return [...companies].sort((a, b) => place(a) - place(b) || mark(a.id) - mark(b.id));
}

/** @param {Partial<Node> & Pick<Node, 'id' | 'kind' | 'name' | 'reach' | 'r'>} given @returns {Node} */
const node = (given) => ({ category: '', follows: true, block: 0, through: 0, x: 0, y: 0, hx: 0, hy: 0, count: 1, ...given });

/**
 * The `most` companies of greatest reach, and one node for the rest.
 * @param {Graph} graph
 * @param {{ width: number, height: number, most: number }} frame
 * @returns {Picture}
 */
export function arrange(graph, { width, height, most }) {
  const small = Math.min(width, height) < 560;
  const [least, largest] = [small ? 3 : 4, most > 60 ? 15 : small ? 17 : 24];
  // By area, so that twice the devices look twice as large.
  const size = (/** @type {number} */ reach) => least + (largest - least) * Math.sqrt(reach / Math.max(1, graph.devices.length));
  const devices = graph.devices.map((one) => node({ id: `d:${one.key}`, kind: 'device', name: one.name, reach: one.companies, r: small ? 6 : 8 }));
  const order = graph.companies.map((_, i) => i).sort((a, b) => (graph.companies[b]?.devices ?? 0) - (graph.companies[a]?.devices ?? 0) || (graph.companies[b]?.hours ?? 0) - (graph.companies[a]?.hours ?? 0) || a - b);
  const rest = node({ id: 'rest', kind: 'rest', name: '', reach: 0, r: size(graph.devices.length * 0.8), count: 0 });
  /** @type {Node[]} */
  const stands = [];
  /** @type {Node[]} */
  const companies = [];
  order.forEach((i, rank) => {
    const one = graph.companies[i];
    if (!one) return;
    if (rank >= most) {
      rest.count += 1;
      stands[i] = rest;
      return;
    }
    const made = node({ id: `c:${one.name}`, kind: 'company', name: one.name, category: one.category, follows: one.follows, reach: one.devices, block: one.block, through: one.allow + one.pass, r: size(one.devices) });
    stands[i] = made;
    companies.push(made);
  });
  if (rest.count) companies.push(rest);

  /** @type {Map<string, Link>} */
  const links = new Map();
  for (const [d, c, block, through] of graph.links) {
    const [source, target] = [devices[d], stands[c]];
    if (!source || !target) continue;
    const key = `${source.id} ${target.id}`;
    const link = links.get(key) ?? { source, target, block: 0, through: 0 };
    link.block += block;
    link.through += through;
    links.set(key, link);
  }
  // A device that met nobody says nothing here; the table of devices has it.
  const met = new Set([...links.values()].map((link) => link.source.id));
  const shown = devices.filter((one) => met.has(one.id));
  for (const link of links.values()) if (link.target === rest) { rest.block += link.block; rest.through += link.through; }
  rest.reach = [...links.values()].filter((link) => link.target === rest).length;

  stand(shown, companies, [...links.values()], width, height);
  /** @type {Picture['around']} */
  const near = new Map();
  for (const link of links.values()) {
    for (const end of [link.source, link.target]) near.set(end.id, [...(near.get(end.id) ?? []), link]);
  }
  return { nodes: [...companies, ...shown], links: [...links.values()], around: near, width, height };
}

/** @param {Node[]} devices @param {Node[]} companies @param {Link[]} links @param {number} width @param {number} height */
function stand(devices, companies, links, width, height) {
  const ring = around(companies);
  const weight = ring.map((one) => one.r + 9);
  const all = weight.reduce((a, b) => a + b, 0);
  let turned = 0;
  ring.forEach((one, i) => {
    const angle = ((turned + (weight[i] ?? 0) / 2) / all) * 2 * Math.PI - Math.PI / 2;
    turned += weight[i] ?? 0;
    const far = 0.88 + 0.24 * mark(`far ${one.id}`);
    one.hx = width / 2 + Math.cos(angle) * (width / 2 - 44) * far * 0.92;
    one.hy = height / 2 - 6 + Math.sin(angle) * (height / 2 - 34) * far * 0.92;
  });
  devices.forEach((one) => {
    const angle = mark(one.id) * 2 * Math.PI;
    const far = Math.sqrt(mark(`far ${one.id}`));
    one.hx = width / 2 + Math.cos(angle) * far * width * 0.25;
    one.hy = height / 2 + Math.sin(angle) * far * height * 0.2;
  });
  const nodes = [...companies, ...devices];
  for (const one of nodes) [one.x, one.y] = [one.hx, one.hy];
  forceSimulation(nodes)
    .force('x', forceX(/** @param {any} one */ (one) => one.hx).strength((one) => (/** @type {Node} */ (one).kind === 'device' ? 0.05 : 0.3)))
    .force('y', forceY(/** @param {any} one */ (one) => one.hy).strength((one) => (/** @type {Node} */ (one).kind === 'device' ? 0.05 : 0.3)))
    .force('link', forceLink(/** @type {any[]} */ (links)).distance(Math.min(width, height) * 0.3).strength(0.006))
    .force('apart', forceCollide(/** @param {any} one */ (one) => (one.kind === 'device' ? Math.min(width, height) * 0.05 : one.r + (companies.length > 60 ? 2 : 7))).iterations(3))
    .stop()
    .tick(TURNS);
  for (const one of nodes) {
    one.x = Math.min(width - one.r - 4, Math.max(one.r + 4, one.x));
    one.y = Math.min(height - one.r - 18, Math.max(one.r + 4, one.y));
  }
}

/** @typedef {'below' | 'above' | 'left' | 'right'} Where a name stands */

/**
 * Names that fit without covering one another, the widest reach first.
 * @param {Node[]} nodes @param {number} scale of the zoom @param {{ width: number, height: number }} frame
 * @returns {Map<string, Where>} where each name stands
 */
export function legible(nodes, scale, frame) {
  /** @type {{ left: number, right: number, top: number, bottom: number }[]} */
  const taken = nodes.map((one) => ({ left: one.x * scale - one.r * scale, right: one.x * scale + one.r * scale, top: one.y * scale - one.r * scale, bottom: one.y * scale + one.r * scale }));
  /** @type {Map<string, Where>} */
  const said = new Map();
  const { fontFamily } = getComputedStyle(document.body);
  const wide = (/** @type {Node} */ one) => {
    if (!paper) return 0;
    paper.font = `${one.kind === 'device' ? 500 : 600} 12px ${fontFamily}`;
    return paper.measureText(cut(one.name || '000 others')).width;
  };
  const first = (/** @type {Node} */ one) => (one.kind === 'rest' ? 1e6 : one.kind === 'device' ? one.reach * 0.12 : one.reach);
  for (const one of [...nodes].sort((a, b) => first(b) - first(a) || mark(a.id) - mark(b.id))) {
    const half = wide(one) / 2 + 1;
    for (const where of /** @type {const} */ (['below', 'above', 'left', 'right'])) {
      const aside = where === 'left' ? -1 : where === 'right' ? 1 : 0;
      const left = one.x * scale - half + aside * (one.r * scale + half + 5);
      const right = left + 2 * half;
      const top = aside ? one.y * scale - 7 : where === 'below' ? (one.y + one.r) * scale + 2 : (one.y - one.r) * scale - 16;
      const box = { left, right, top, bottom: top + 14 };
      if (left < 0 || right > frame.width * scale || top < 0 || box.bottom > frame.height * scale) continue;
      if (taken.some((other) => left < other.right && right > other.left && box.top < other.bottom && box.bottom > other.top)) continue;
      taken.push(box);
      said.set(one.id, where);
      break;
    }
  }
  return said;
}
