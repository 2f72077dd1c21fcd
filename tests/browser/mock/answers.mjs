// What GET is answered with: the shapes of the contract, filled from the household.

import { chance, companies, counted, DAY, DAYS, devices, grouped, hourly } from './household.mjs';

/** @typedef {ReturnType<typeof import('./people.mjs').fresh>} House */

const now = () => Math.floor(Date.now() / 1000);

/** @param {{state: string, until: number | null} | undefined} button */
export function button(button) {
  if (!button) return null;
  if (button.until && button.until <= now()) return { state: 'on', until: null, left: null };
  return { ...button, left: button.until ? button.until - now() : null };
}

/** @param {House} house @param {number} d */
function effective(house, d) {
  const own = button(house.own.get(d));
  return (own ?? /** @type {any} */ (button(house.button))).state !== 'on';
}

/** @param {House} house @param {number} days */
function deviceRows(house, days) {
  if (house.empty) return [];
  const sums = counted(days - 1, 0);
  return devices.map((device, d) => {
    const mine = sums.filter((sum) => sum.d === d);
    const block = mine.reduce((n, sum) => n + sum.block, 0);
    const { busy, thing, ...rest } = device;
    const named = house.names.get(device.key) ?? {};
    const given = 'name' in named ? named.name : rest.given;
    return {
      ...rest, ...named, profile: named.profile ?? rest.profile ?? 'house', given, name: given ?? rest.lease ?? rest.key, button: button(house.own.get(d)), off: effective(house, d),
      queries: Math.round(block * 4.2 + busy * 900), block, companies: mine.length,
      first: now() - DAY * (40 + d * 5), last: now() - Math.round(chance('last', d) ** 4 * 40000), asked: d % 8 !== 7,
    };
  });
}

/** @param {House} house @param {number} c @param {ReturnType<typeof counted>} mine */
function companyRow(house, c, mine) {
  const { name, owner, category } = companies[c];
  const sum = (/** @type {'block' | 'allow' | 'pass' | 'hours'} */ what) => mine.reduce((n, one) => n + one[what], 0);
  const choice = house.choices.find((made) => made.scope.house && made.subject.company === name)?.choice ?? null;
  return { name, owner, category, block: sum('block'), allow: sum('allow'), pass: sum('pass'), devices: mine.length,
    hours: Math.min(sum('hours'), 24 * DAYS), is_new: chance('new', c) > 0.96 && c > 20, choice, follows: c % 9 !== 8 };
}

/** @param {House} house @param {number} days @param {(d: number, c: number) => boolean} [only] */
function companyRows(house, days, only) {
  if (house.empty) return [];
  const sums = counted(days - 1, 0, only);
  const by = grouped(sums, (sum) => sum.c);
  return [...by].map(([c, mine]) => companyRow(house, c, mine)).sort((a, b) => b.devices - a.devices || b.hours - a.hours);
}

/** @param {House} house */
function status(house) {
  const rows = deviceRows(house, 1);
  const met = companyRows(house, 1);
  const blocked = rows.reduce((n, row) => n + row.block, 0);
  return {
    version: '0.9.0', uptime: 86400 * 12 + 4000, button: button(house.button), level: 'balanced', stats_level: 'devices', waiting: 2,
    today: {
      queries: rows.reduce((n, row) => n + row.queries, 0), blocked, companies: met.length,
      devices: rows.filter((row) => row.companies).length, stopped: met.filter((one) => one.block).length,
      top: met.length ? { company: met[0].name, devices: met[0].devices } : null,
      new: house.empty ? [] : companyRows(house, 7).filter((one) => one.is_new).slice(0, 6).map((one, i) => ({ company: one.name, device: rows[i * 3].name })),
    },
    problems: house.empty ? [] : [
      { kind: 'list', what: 'list_nothing', given: { list: 'oisd-small', why: 'unreachable' }, text: 'Nothing of the list oisd-small counts: lists.example sent nothing for 30s', mend: 'See its file or URL under `lists`; it is tried again by itself.' },
      { kind: 'list', what: 'list_refused', given: { list: 'stevenblack', why: 'top_level' }, text: 'The newest stevenblack is not taken, the one before goes on: line 3 would refuse everything under com', mend: 'Look at the list’s own page; if it is right, set `force: true` for it.' },
      { kind: 'around', what: 'around', given: { devices: 'Mia’s phone' }, text: 'Asked for ways around this server: Mia’s phone', mend: 'Set `bypass: all` to refuse them, or switch private DNS and relays off on the device.' },
    ],
    answers: { filter: 18034, cache: 61200, stale: 12, upstream: 9210, local: 840 }, cache: { entries: 8211, bytes: 3400000 },
  };
}

/** @param {House} house @param {URLSearchParams} q */
function graph(house, q) {
  const day = (/** @type {string} */ key, /** @type {number} */ otherwise) => (q.has(key) ? Math.max(0, Math.floor((now() - Number(q.get(key))) / DAY)) : otherwise);
  const span = { first: now() - DAY * DAYS, last: now() };
  if (house.empty) return { devices: [], companies: [], links: [], span };
  const category = q.get('category');
  const sums = counted(Math.min(DAYS - 1, day('from', 6)), day('to', 0), (_, c) => !category || companies[c].category === category);
  const met = [...grouped(sums, (sum) => sum.c)].sort((a, b) => b[1].length - a[1].length || a[0] - b[0]);
  const place = new Map(met.map(([c], i) => [c, i]));
  const rows = deviceRows(house, 1);
  return {
    devices: devices.map((device, d) => ({ key: device.key, name: rows[d].name, companies: sums.filter((sum) => sum.d === d).length,
      queries: sums.filter((sum) => sum.d === d).reduce((n, sum) => n + sum.block + sum.pass, 0) })),
    companies: met.map(([c, mine]) => { const { is_new, choice, ...row } = companyRow(house, c, mine); return row; }),
    links: sums.map((sum) => [sum.d, place.get(sum.c), sum.block, sum.allow + sum.pass]), span,
  };
}

/** @param {House} house @param {string} name @param {number} days */
function company(house, name, days) {
  const c = companies.findIndex((one) => one.name === name);
  if (c < 0 || house.empty) return null;
  const mine = counted(days - 1, 0, (_, other) => other === c);
  const rows = deviceRows(house, 1);
  return {
    ...companyRow(house, c, mine),
    chain: [name, ...(companies[c].owner ? [companies[c].owner] : []), ...(companies[c].owner === 'Google' ? ['Alphabet'] : [])],
    domains: companies[c].domains,
    devices: mine.map((sum) => ({ key: devices[sum.d].key, name: rows[sum.d].name, block: sum.block, allow: 0, pass: sum.pass, hours: sum.hours, last: now() - sum.last * DAY - 1800 }))
      .sort((a, b) => b.hours - a.hours),
    choices: house.choices.filter((made) => made.subject.company === name).map(({ scope, choice }) => ({ scope, choice })),
    lists: ['builtin balanced', ...(c % 2 ? ['oisd-small'] : []), ...(c % 3 ? [] : ['adguard-dns'])],
    cloaked: c % 5 ? [] : [`metrics.news-${c}.example`, `smetrics.shop-${c}.example`],
  };
}

/** @param {number} d */
function heat(d) {
  const midnight = Math.floor(now() / DAY) * DAY;
  const series = hourly(now(), 24 * 8, [d]);
  return { days: Array.from({ length: 7 }, (_, i) => {
    const day = midnight - (6 - i) * DAY;
    return { day, hours: Array.from({ length: 24 }, (_, h) => {
      const at = (day - series.since) / 3600 + h;
      return { block: series.block[at] ?? 0, all: (series.block[at] ?? 0) + (series.pass[at] ?? 0) };
    }) };
  }) };
}

const SITES = ['example.org', 'wikipedia.org', 'api.weather.example', 'cdn.news.example', 'time.example.net', 'mail.example.com', 'img.shop.example'];

/** The `n`th query ever asked. @param {number} n */
export function asked(n) {
  const d = Math.floor(chance('who', n) ** 1.7 * devices.length);
  const c = Math.floor(chance('whom', n) ** 2 * companies.length);
  const tracker = chance('tracker', n) < 0.45;
  const verdict = tracker ? (companies[c].level === 'never' ? 'pass' : chance('allow', n) < 0.06 ? 'allow' : 'block') : chance('local', n) < 0.05 ? 'local' : 'pass';
  const domain = companies[c].domains[Math.floor(chance('domain', n) * companies[c].domains.length)];
  return { number: n, at: now(), device: devices[d].name, key: devices[d].key, name: tracker ? domain : verdict === 'local' ? 'nas.home.arpa' : SITES[n % SITES.length],
    type: n % 4 === 1 ? 'AAAA' : n % 9 === 3 ? 'HTTPS' : 'A', verdict, by: verdict === 'block' ? 'builtin balanced' : verdict === 'allow' ? 'your own rules' : null, company: tracker ? companies[c].name : null };
}

/** @param {string} name */
function check(name) {
  const c = companies.findIndex((one) => one.domains.includes(name));
  if (c < 0) return { verdict: 'pass', by: null, company: null, category: null, rules: [] };
  return { verdict: 'block', by: 'builtin balanced', company: companies[c].name, category: companies[c].category, rules: [
    { list: 'builtin balanced', rule: `||${name}^`, line: null, action: 'block', wins: true },
    { list: 'oisd-small', rule: `||${name.split('.').slice(-2).join('.')}^`, line: 8112, action: 'block', wins: false },
    { list: 'adguard-dns', rule: `@@||${name}^$dnstype=TXT`, line: 19, action: 'allow', wins: false },
  ] };
}

/** As many as there are, or nearly. */
const SERVICES = [['9gag', '9GAG', 'social'], ['airbnb', 'Airbnb', 'shopping'], ['discord', 'Discord', 'chat'], ['facebook', 'Facebook', 'social'], ['instagram', 'Instagram', 'social'], ['netflix', 'Netflix', 'video'], ['steam', 'Steam', 'games'], ['tiktok', 'TikTok', 'social'], ['youtube', 'YouTube', 'video'],
  ...Array.from({ length: 110 }, (_, i) => [`service-${i}`, `Service ${i}`, ['ai', 'games', 'gambling', 'dating', 'music'][i % 5]])].map(([name, title, group]) => ({ name, title, group }));

/**
 * @param {House} house @param {string} path without /api/v1 @param {URLSearchParams} q
 * @returns {unknown} undefined: no such page
 */
export function get(house, path, q) {
  const days = Number(q.get('days') ?? 7);
  const device = devices.findIndex((one) => one.key === q.get('device'));
  const parts = path.split('/').slice(1).map(decodeURIComponent);
  const items = (/** @type {unknown[]} */ all) => ({ items: all, next: null });
  switch (parts[0]) {
    case 'status': return status(house);
    case 'minutes': return { since: now() - 10800, step: 60, block: Array.from({ length: 180 }, (_, i) => Math.round(chance('m', i) * 30)), allow: Array(180).fill(1), pass: Array(180).fill(70) };
    case 'hours': {
      const hours = q.has('from') ? Math.round((now() - Number(q.get('from'))) / 3600) : 24;
      const who = device >= 0 ? [device] : q.has('company') ? company(house, String(q.get('company')), 7)?.devices.map((one) => devices.findIndex((other) => other.key === one.key)) ?? [] : devices.map((_, d) => d);
      return hourly(now(), hours, house.empty ? [] : who, q.has('company') ? 0.04 : 1);
    }
    case 'companies': {
      if (parts[1]) return company(house, parts[1], days) ?? undefined;
      const category = q.get('category');
      const rows = companyRows(house, days, (d, c) => (device < 0 || d === device) && (!category || companies[c].category === category));
      return items(rows);
    }
    case 'devices': {
      const rows = deviceRows(house, days);
      if (!parts[1]) return items(rows);
      const d = devices.findIndex((one) => one.key === parts[1]);
      if (d < 0 || house.empty) return undefined;
      return parts[2] === 'heat' ? heat(d) : { ...rows[d], companies: companyRows(house, days, (other) => other === d) };
    }
    case 'silent': return items(house.empty ? [] : [{ card: '02:4f:11:8a:33:07', vendor: 'Espressif' }, { card: '9c:3d:cf:00:12:aa', vendor: 'Netgear' }]);
    case 'graph': return graph(house, q);
    case 'choices': return items(house.choices);
    case 'changes': return items(house.changes);
    case 'check': return check(q.get('name') ?? '');
    case 'lists': return items(house.lists);
    case 'catalogue': return { lists: ['oisd-small', 'oisd-big', 'adguard-dns', '1hosts-lite', 'hagezi-pro', 'anudeep', 'adaway', 'stevenblack'].map((name, i) => ({ name, about: ['ads and trackers; breaks little', 'ads, trackers, malware', 'ads and trackers, made for DNS', 'ads and trackers; small'][i % 4], licence: i % 2 ? 'MIT' : 'GPL-3.0', size: 6500 * (i + 1) ** 2, url: `https://lists.example/${name}`, group: i % 3 ? 'ads' : 'everything' })),
      services: SERVICES };
    case 'profiles': return items(house.profiles.map((profile) => ({ ...profile, devices: house.empty ? [] : devices.filter((one) => (house.names.get(one.key)?.profile ?? one.profile ?? 'house') === profile.name).map((one) => one.key) })));
    case 'upstreams': return items([{ url: 'tls://9.9.9.9#dns.quad9.net', queries: 8120, failures: 3, healthy: true, mean_ms: 17.4 }, { url: 'tls://194.242.2.2#dns.mullvad.net', queries: 1090, failures: 41, healthy: false, mean_ms: 88.1 }]);
    case 'alerts': return items(house.empty ? [] : [
      { at: now() - 1800, kind: 'new_company', what: 'new_company', device: 'Living-room TV', company: 'Samba TV', list: null, text: 'Living-room TV met Samba TV for the first time' },
      { at: now() - 30000, kind: 'around', what: 'asked', device: 'Mia’s phone', company: null, list: null, text: 'Mia’s phone asked for a way around Trackless' },
      { at: now() - 200000, kind: 'list_stale', what: 'old', device: null, company: null, list: 'oisd-small', text: 'list oisd-small has not been refreshed for long' }]);
    case 'kept': return { level: 'devices', files: [{ name: 'history.redb', what: 'store', text: 'counts by device, company and hour', bytes: 18400000 }, { name: 'key', what: 'key', text: 'the key that makes pseudonyms', bytes: 32 }, { name: 'control.json', what: 'control', text: 'the button, names, choices', bytes: 4100 }, { name: 'lists/', what: 'lists', text: 'copies of subscribed lists', bytes: 9200000 }], retention: { hours: 90 * DAY, days: 400 * DAY, queries: null } };
    case 'setup-info': return { addresses: ['192.168.1.2', 'fd12:3456:789a::2'], dns: [{ address: '0.0.0.0', port: 53 }, { address: '::', port: 53 }], tls: [{ address: '0.0.0.0', port: 853 }], https: [{ address: '192.168.1.2', port: 443 }], quic: [{ address: '192.168.1.2', port: 853 }], names: ['dns.my-home.example'], suffix: 'home.arpa', ca: true };
    case 'live': return { items: Array.from({ length: 40 }, (_, i) => ({ ...asked(i + 1), at: now() - 40 + i })), last: 40 };
    case 'settings': return items(house.settings);
    case 'tokens': return items(house.tokens);
    default: return undefined;
  }
}
