// A household that never was: the same devices, companies and counts on every start.
// Companies and their names are the builtin facts; who met whom is made by hashing.

import { readFileSync } from 'node:fs';

const FACTS = new URL('../../../blocklists/trackers.yaml', import.meta.url);
export const DAY = 86400;
export const DAYS = 30;

/** A number in 0..1 that is the same for the same words. @param {...unknown} words */
export function chance(...words) {
  let h = 2166136261;
  for (const c of words.join('|')) h = Math.imul(h ^ c.charCodeAt(0), 16777619);
  h = Math.imul(h ^ (h >>> 15), 2246822507);
  h = Math.imul(h ^ (h >>> 13), 3266489909);
  return ((h ^ (h >>> 16)) >>> 0) / 4294967296;
}

function facts() {
  /** @type {{name: string, owner: string | null, domains: string[], category: string, level: string}[]} */
  const all = [];
  for (const line of readFileSync(FACTS, 'utf8').split('\n')) {
    const name = /^ {2}- name: (.+)$/.exec(line);
    const owner = /^ {4}owner: (.+)$/.exec(line);
    const domain = /^ {6}- \{ name: ([^,]+), category: ([a-z-]+)(?:, level: (\w+))?/.exec(line);
    const last = all.at(-1);
    if (name) all.push({ name: name[1].replace(/^["']|["']$/g, ''), owner: null, domains: [], category: '', level: 'balanced' });
    else if (last && owner) last.owner = owner[1].replace(/^["']|["']$/g, '');
    else if (last && domain) {
      last.category ||= domain[2];
      last.level = last.domains.length ? last.level : (domain[3] ?? 'balanced');
      last.domains.push(domain[1]);
    }
  }
  return all.filter((company) => company.domains.length);
}

// Those that a household really meets come first, and reach most devices.
const FIRST = ['Google', 'Meta', 'Microsoft', 'Amazon', 'Apple', 'Adobe', 'Criteo', 'The Trade Desk', 'Magnite', 'TikTok', 'Xandr', 'Taboola',
  'Outbrain', 'comScore', 'Branch', 'AppsFlyer', 'Adjust', 'Index Exchange', 'PubMatic', 'OpenX', 'Hotjar', 'Yahoo', 'Salesforce', 'Oracle',
  'LinkedIn', 'Snap', 'Pinterest', 'Samsung', 'Sentry', 'Usercentrics', 'OneTrust', 'Cookiebot', 'Intercom', 'Zendesk', 'New Relic', 'Datadog',
  'Amplitude', 'Mixpanel', 'Segment', 'FullStory', 'Contentsquare', 'Roku', 'LG', 'Netflix', 'Spotify', 'Unity', 'AppLovin', 'ironSource'];

const DEVICES = /** @type {[string, string | null, string, string[]][]} */ ([
  ['Anna’s phone', 'adults', 'Samsung Electronics', ['phone']], ['Living-room TV', null, 'LG Electronics', ['tv']],
  ['Ben’s laptop', 'adults', 'Dell', []], ['Kids’ tablet', 'kids', 'Apple', ['kid']], ['Mia’s phone', 'kids', 'Xiaomi', ['kid', 'phone']],
  ['Work laptop', 'work', 'Lenovo', []], ['Kitchen speaker', 'things', 'Amazon Technologies', []], ['Printer', 'things', 'HP', []],
  ['Robot vacuum', 'things', 'Roborock', []], ['Game console', 'kids', 'Sony Interactive', []], ['Ben’s phone', 'adults', 'Apple', ['phone']],
  ['Thermostat', 'things', 'tado', []], ['Doorbell', 'things', 'Ring', []], ['NAS', null, 'Synology', []], ['Anna’s laptop', 'adults', 'Apple', []],
  ['Bedroom TV', null, 'Samsung Electronics', ['tv']], ['E-reader', null, 'Kobo', []], ['Solar inverter', 'things', 'Fronius', []],
  ['Guest phone', 'guests', 'Google', []], ['Baby monitor', 'things', 'TP-Link', []], ['Smart plug', 'things', 'Shelly', []],
  ['Light bridge', 'things', 'Signify', []], ['Washing machine', 'things', 'Miele', []], ['Grandma’s tablet', 'adults', 'Samsung Electronics', []],
  ['Streaming stick', null, 'Roku', ['tv']], ['Weather station', 'things', 'Netatmo', []], ['Radio', 'things', 'Frontier', []], ['Car', null, 'Tesla', []],
]);

export const companies = (() => {
  const all = facts();
  const rank = (/** @type {string} */ name) => (FIRST.includes(name) ? FIRST.indexOf(name) : 1000 + chance('rank', name) * 1000);
  return all.sort((a, b) => rank(a.name) - rank(b.name)).slice(0, 360);
})();

export const devices = DEVICES.map(([name, profile, vendor, tags], index) => ({
  key: `device-${Math.floor(chance('key', index) * 0xffffffff).toString(16).padStart(8, '0')}`,
  given: index % 7 === 5 ? null : name,
  lease: index % 7 === 5 ? name.replace(/\W+/g, '-').toLowerCase() : null,
  name: index % 7 === 5 ? name.replace(/\W+/g, '-').toLowerCase() : name,
  vendor,
  card: index % 9 === 4 ? null : Array.from({ length: 6 }, (_, i) => Math.floor(chance('card', index, i) * 256).toString(16).padStart(2, '0')).join(':'),
  addresses: [`192.168.1.${20 + index}`, ...(index % 3 ? [] : [`fd12:3456:789a::${(20 + index).toString(16)}`])],
  profile,
  tags,
  busy: [1, 0.9, 0.95, 0.7, 0.85, 0.6, 0.4, 0.12, 0.2, 0.5, 0.9][index] ?? 0.05 + 0.3 * chance('busy', index),
  thing: profile === 'things',
  around: [0, 14, 0, 0, 213, 0][index] ?? 0,
}));

/** How strongly a company follows a device; 0 for not at all. @param {number} d @param {number} c */
function follows(d, c) {
  const device = devices[d];
  const fame = c < 1 ? 0.99 : c < 10 ? 0.85 - 0.03 * c : c < 48 ? 0.55 - 0.007 * c : 0.2 - 0.0004 * c;
  const likes = device.busy * (device.thing && c > 5 ? 0.3 : 1);
  return chance('meets', d, c) < (c < 48 ? Math.min(1, fame * (0.45 + likes)) : fame * likes) ? fame : 0;
}

/** [device, company, strength] for all pairs that meet. */
export const pairs = devices.flatMap((_, d) => companies.map((_, c) => /** @type {[number, number, number]} */ ([d, c, follows(d, c)])).filter(([, , s]) => s > 0));

/** The day's shape of a device. @param {number} d @param {number} hour */
export function awake(d, hour) {
  if (devices[d].thing) return 0.5 + 0.5 * chance('thing', d, hour);
  const evening = Math.exp(-((hour - 20) ** 2) / 12);
  const morning = 0.7 * Math.exp(-((hour - 8) ** 2) / 6);
  return 0.04 + evening + morning + 0.3 * (hour > 8 && hour < 22 ? chance('noon', d, hour) : 0);
}

/**
 * Counts of a pair on one day, `ago` days back.
 * @param {number} d @param {number} c @param {number} s @param {number} ago
 */
function onDay(d, c, s, ago) {
  const luck = chance('day', d, c, ago);
  if (luck > 0.3 + s * 0.75) return null;
  const n = Math.ceil(luck * 60 * s * devices[d].busy) + 1;
  const level = companies[c].level;
  const let_through = level === 'never' ? n : level === 'strict' ? Math.round(n * (c % 2 ? 0.8 : 0.2)) : c % 11 === 7 ? Math.round(n * 0.7) : Math.round(n * 0.08 * chance('through', d, c));
  return { block: n - let_through, pass: let_through, hours: 1 + Math.floor(chance('hours', d, c, ago) * 9 * s) };
}

/**
 * What was counted from `from` to `to` days back (0 is today).
 * @param {number} from @param {number} to @param {(d: number, c: number) => boolean} [only]
 */
export function counted(from, to, only = () => true) {
  /** @type {Map<string, {d: number, c: number, block: number, allow: number, pass: number, hours: number, last: number}>} */
  const sums = new Map();
  for (const [d, c, s] of pairs) {
    if (!only(d, c)) continue;
    for (let ago = to; ago <= from; ago += 1) {
      const day = onDay(d, c, s, ago);
      if (!day) continue;
      const key = `${d} ${c}`;
      const sum = sums.get(key) ?? { d, c, block: 0, allow: 0, pass: 0, hours: 0, last: ago };
      sum.block += day.block;
      sum.pass += day.pass;
      sum.hours += day.hours;
      sums.set(key, sum);
    }
  }
  return [...sums.values()];
}

/**
 * One count an hour, oldest first, for the `hours` before now.
 * @param {number} now @param {number} hours @param {number[]} who devices
 * @param {number} share how much of a device's traffic
 */
export function hourly(now, hours, who, share = 1) {
  const start = Math.floor(now / 3600) - hours + 1;
  /** @type {{block: number[], allow: number[], pass: number[], companies: number[]}} */
  const made = { block: [], allow: [], pass: [], companies: [] };
  for (let h = start; h < start + hours; h += 1) {
    const sum = who.reduce((all, d) => all + awake(d, (h + 1) % 24) * devices[d].busy * (0.6 + 0.8 * chance('hour', d, h)), 0) * share;
    made.block.push(Math.round(sum * 34));
    made.allow.push(Math.round(sum * 2));
    made.pass.push(Math.round(sum * 120));
    made.companies.push(Math.min(companies.length, Math.round(sum * 4)));
  }
  return { since: start * 3600, step: 3600, ...made };
}

/** @template T @param {T[]} all @param {(one: T) => number} key @returns {Map<number, T[]>} */
export function grouped(all, key) {
  const groups = new Map();
  for (const one of all) groups.set(key(one), [...(groups.get(key(one)) ?? []), one]);
  return groups;
}
