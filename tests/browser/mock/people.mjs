// What changes while the mock runs: login, button, choices, settings. Lost on stop.

export const PASSWORD = 'correct horse battery';
export const CODE = '123456';
export const SETUP = 'K7QF-29XM';

const setting = (/** @type {string} */ key, /** @type {string} */ about, /** @type {string} */ accepted, /** @type {string} */ value, restart = false, source = 'default') =>
  ({ key, about, accepted, value, default: value, source, restart });

const DAY = 86400;
const OWN = ['level', 'lists', 'services', 'bypass', 'safe_search', 'answer'];
const HOUSE = { level: 'balanced', services: /** @type {string[]} */ ([]), lists: ['oisd-small', 'adguard-dns', 'my list', 'stevenblack'], bypass: 'signals', safe_search: 'off', answer: 'nxdomain' };

/** As the server tells of it: what it does not set itself is as for the house. @param {string} name @param {any} says */
export const profile = (name, says) => ({ name, ...HOUSE, only_allowed: false, block: [], allow: [], block_companies: [], allow_companies: [], members: [], schedule: [], ...says, own: OWN.filter((key) => key in says) });

/** @param {string} name @param {number} now @param {object} more */
export const list = (name, now, more) => ({ name, source: `https://lists.example/${name}.txt`, builtin: false, rules: 0, hits: 0, alone: 0, checked: now - 5000,
  age: 5000, error: null, refused: null, why: null, skipped: {}, first_skipped: [], bytes: 0, licence: 'GPL-3.0', update: DAY, ...more });

/** @param {number} now */
export function fresh(now) {
  return {
    /** @type {'setup' | 'anonymous' | 'owner' | 'viewer'} */
    login: 'anonymous',
    empty: false,
    totp: false,
    tries: 0,
    me: /** @type {number | null} */ (0),
    button: /** @type {{state: string, until: number | null}} */ ({ state: 'on', until: null }),
    own: /** @type {Map<number, {state: string, until: number | null}>} */ (new Map()),
    names: /** @type {Map<string, any>} */ (new Map()),
    choices: /** @type {any[]} */ ([
      { scope: { house: true }, subject: { company: 'TikTok' }, choice: 'block' },
      { scope: { profile: 'adults' }, subject: { company: 'Sentry' }, choice: 'allow' },
      { scope: { house: true }, subject: { name: 'shop.example' }, choice: 'allow' },
    ]),
    changes: [
      { at: now - 4000, way: 'web', scope: 'house', what: 'refused', given: 'TikTok', text: 'company TikTok is refused' },
      { at: now - 90000, way: 'command', scope: 'house', what: 'button_paused', given: '600', text: 'the button is off for 600 s' },
      { at: now - 95000, way: 'web', scope: 'profile kids', what: '', given: '', text: 'something that an older version wrote down' },
    ],
    profiles: [profile('house', { ...HOUSE, schedule: ['daily 23:00-24:00 night'], block: ['ads.example'] }), profile('adults', {}),
      profile('kids', { level: 'strict', services: ['tiktok', 'discord'], safe_search: 'all', bypass: 'all', members: ['#kid'], schedule: ['mon,tue,wed,thu,sun 20:00-07:00 night', 'sat 08:00-10:00 house'], block_companies: ['TikTok'], answer: 'refused' }),
      profile('things', { level: 'strict' }), profile('guests', { level: 'relaxed', members: ['192.168.9.0/24'] }), profile('work', {}), profile('night', { only_allowed: true, allow: ['clock.example'] })],
    lists: [
      list('builtin balanced', now, { builtin: true, source: null, rules: 4357, hits: 15880, alone: 9022, licence: 'MIT OR Apache-2.0', update: null, age: null, bytes: 210000 }),
      list('oisd-small', now, { rules: 55120, hits: 8120, alone: 312, error: 'lists.example sent nothing for 30s', why: 'unreachable', age: 3 * DAY, bytes: 1900000 }),
      list('adguard-dns', now, { rules: 60233, hits: 9011, alone: 1204, skipped: { 'about the look of pages, for browsers only': 12, 'modifier `badkind` is not known': 2 }, first_skipped: ['812: ##.ad-banner', '9001: ||x^$badkind'], bytes: 2600000 }),
      list('my list', now, { source: '/etc/trackless/ads.txt', rules: 12, licence: null, update: null }),
      list('stevenblack', now, { refused: 'line 3 would refuse everything under com; set `force: true` for this list if that is wanted', why: 'top_level', rules: 132000, hits: 7001, alone: 4, licence: 'MIT', bytes: 3900000 }),
    ],
    tokens: [{ id: 't1', name: 'hallway switch', scope: 'button', made: now - 86400 * 12, used: now - 3600 }, { id: 't2', name: 'Grafana', scope: 'read', made: now - 86400 * 40, used: null }],
    recording: /** @type {any} */ (null),
    settings: [
      setting('listen', 'addresses that answer DNS over UDP and TCP', 'addresses with ports', '["0.0.0.0:53", "[::]:53"]', true, 'file'),
      setting('web', 'address of metrics and health over HTTP', 'an address with a port, or off', '127.0.0.1:8053', true, 'file'),
      setting('level', 'how strongly to protect; strict may break things', 'relaxed, balanced or strict', 'balanced'),
      setting('upstream.servers', 'whom to ask', 'URLs, sdns:// stamps, or recursive', '["tls://9.9.9.9#dns.quad9.net", "tls://194.242.2.2#dns.mullvad.net"]'),
      setting('upstream.strategy', 'of those that are well: the one named first, the fastest, two at once, or in turn', 'strict, fastest, race or balance', 'fastest'),
      setting('upstream.validate', 'whose answers are validated (DNSSEC): nobody’s, the root’s downwards, or all upstreams’', 'off, recursive or all', 'recursive'),
      setting('upstream.timeout', 'time for one question, all servers and retries', '100ms to 30s', '3s'),
      setting('cache.size', 'memory for answers; 0 switches the cache off', '0, or 1MB to 64GB', '32MB'),
      setting('cache.stale', 'how long expired answers serve when nobody has newer ones; 0s for never', '0s to 7d', '1d', false, 'dashboard'),
      setting('block.ttl', 'how long clients may remember a refusal', '0s to 1d', '10s'),
      setting('block.answer', 'what a refused query gets: no such name, no data, nowhere, a no, or an address', 'nxdomain, nodata, null, refused or addresses', 'nxdomain'),
      setting('lists', 'lists to subscribe to, at most 57; the order breaks ties', 'a list of names, files and URLs', '[oisd-small, adguard-dns, stevenblack]', false, 'file'),
      setting('profiles', 'what holds for some devices instead of what holds for the house; at most 200', 'a list of profiles', '- name: kids\n  for: ["#kid"]\n  level: strict\n  services: [tiktok, discord]\n  schedule: [sun-thu 20:00-07:00 night]\n- { name: night, only_allowed: true }', false, 'file'),
      setting('bypass', 'which ways around this server are refused: what browsers ask first, or all', 'off, signals or all', 'signals'),
      setting('safe_search', 'which engines answer as for children; all is films, too', 'off, search or all', 'off'),
      setting('stats.level', 'whether it is counted who was followed, or only by whom', 'counts, devices or full', 'devices'),
      setting('history.hours', 'how long they are kept by hour', '1d to 400d', '90d'),
      setting('history.days', 'how long they are kept by day', '1d to 4000d', '400d'),
      setting('time_zone', 'where the house is; without it, what the system says', 'a name as Europe/Berlin', 'Europe/Berlin'),
      setting('log', 'which lines are logged; debug tells why queries got no answer, never whose', 'error, warn, info or debug', 'info'),
    ],
  };
}
