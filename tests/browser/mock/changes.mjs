// What POST, PUT and DELETE do to the mock.

import { button } from './answers.mjs';
import { companies, devices } from './household.mjs';
import { CODE, list, PASSWORD, profile, SETUP } from './people.mjs';

const problem = (/** @type {number} */ status, /** @type {string} */ detail, type = 'about:blank') => /** @type {[number, unknown]} */ ([status, { type, title: 'No', status, detail }]);
const now = () => Math.floor(Date.now() / 1000);

function tomorrow() {
  const day = new Date();
  day.setHours(24, 0, 0, 0);
  return Math.floor(day.getTime() / 1000);
}

/** @param {import('./answers.mjs').House} house @param {any} body */
function login(house, body) {
  if (house.tries >= 5) return problem(429, 'Too many wrong passwords. Try again in 30 seconds.');
  if (body.password !== PASSWORD) {
    house.tries += 1;
    return problem(401, 'That is not the password.');
  }
  if (house.totp && body.code !== CODE) return problem(401, body.code ? 'That code is not right, or it is over.' : 'A code is needed, too.', '/problems/totp');
  house.login = body.name === 'viewer' ? 'viewer' : 'owner';
  return /** @type {[number, unknown]} */ ([204, null]);
}

/** @param {import('./answers.mjs').House} house @param {any} body @param {number | null} me */
function press(house, body, me) {
  const until = body.until === 'tomorrow' ? tomorrow() : body.seconds ? now() + body.seconds : null;
  const state = body.state === 'off' ? { state: until ? 'paused' : 'off', until } : { state: 'on', until: null };
  const d = me ?? (body.device ? devices.findIndex((one) => one.key === body.device) : -1);
  if (d < 0) house.button = state;
  else if (body.state === 'follow') house.own.delete(d);
  else house.own.set(d, state);
  return /** @type {[number, unknown]} */ ([200, button(d < 0 ? house.button : house.own.get(d) ?? house.button)]);
}

/** @param {import('./answers.mjs').House} house @param {string} method @param {string} path @param {any} body @returns {[number, unknown]} */
export function change(house, method, path, body) {
  const parts = path.split('/').slice(1).map(decodeURIComponent);
  const said = (/** @type {string} */ text) => /** @type {[number, unknown]} */ ([200, { said: text }]);
  switch (`${method} ${parts[0]}`) {
    case 'POST setup':
      if (body.code !== SETUP) return problem(403, 'That is not the code in the log.');
      if (body.password.length < 10) return problem(422, 'A password needs 10 characters.');
      house.login = 'owner';
      return [204, null];
    case 'POST session': return login(house, body);
    case 'DELETE session': house.login = 'anonymous'; return [204, null];
    case 'POST me': return press(house, body, house.me);
    default: break;
  }
  if (house.login === 'anonymous') return problem(401, 'Log in first.');
  if (house.login === 'viewer') return problem(403, 'Only the owner may do that.');
  switch (`${method} ${parts[0]}`) {
    case 'POST button': return press(house, body, null);
    case 'POST choices': {
      const same = (/** @type {any} */ a, /** @type {any} */ b) => JSON.stringify(a) === JSON.stringify(b);
      house.choices = house.choices.filter((made) => !same(made.scope, body.scope) || !same(made.subject, body.subject));
      if (body.choice !== 'clear') house.choices.push(body);
      return said(`${body.subject.company ?? body.subject.name}: ${body.choice}`);
    }
    case 'PUT devices': house.names.set(parts[1], { ...house.names.get(parts[1]), ...body }); return said('saved');
    case 'POST lists': {
      if (parts[1] === 'update') return [202, null];
      if (house.lists.some((one) => one.name === body.name)) return problem(422, `lists: list.name: \`${body.name}\` is another list's name; write a new one`);
      house.lists.push(list(body.name, now(), { source: body.url ?? `https://lists.example/${body.name}.txt`, error: 'not fetched yet', why: 'not_yet', age: null, checked: null }));
      return said('lists is set');
    }
    case 'DELETE lists': house.lists = house.lists.filter((one) => one.name !== parts[1]); return said('lists is set');
    case 'PUT profiles': {
      const wrong = body.schedule?.find((/** @type {string} */ slot) => !house.profiles.some((one) => slot.endsWith(` ${one.name}`)));
      if (wrong) return problem(422, `${parts[1]}: profiles[0].schedule: there is no profile \`${wrong.split(' ').pop()}\`; write one of: ${house.profiles.map((one) => one.name).join(', ')}`);
      if (body.block?.some((/** @type {string} */ name) => name.includes(' '))) return problem(422, `${parts[1]}: block: \`${body.block.at(-1)}\` is not a rule; write for example ads.example`);
      const at = house.profiles.findIndex((one) => one.name === parts[1]);
      const before = house.profiles[at];
      const kept = Object.fromEntries(Object.entries(before ?? {}).filter(([key]) => !['level', 'lists', 'services', 'bypass', 'safe_search', 'answer'].includes(key) || before?.own.includes(key)));
      const says = Object.fromEntries(Object.entries({ ...kept, ...body }).filter(([, value]) => value !== null));
      const called = body.name ?? parts[1] ?? '';
      house.profiles.splice(at < 0 ? house.profiles.length : at, 1, profile(called, says));
      for (const one of house.profiles) one.schedule = one.schedule.map((/** @type {string} */ slot) => (slot.endsWith(` ${parts[1]}`) ? slot.replace(/\S+$/, called) : slot));
      return said('profiles is set');
    }
    case 'DELETE profiles': {
      const user = house.profiles.find((one) => one.schedule.some((/** @type {string} */ slot) => slot.endsWith(` ${parts[1]}`)));
      if (user) return problem(422, `${parts[1]}: the schedule of \`${user.name}\` names it; take it out there first`);
      house.profiles = house.profiles.filter((one) => one.name !== parts[1]);
      return said('profiles is set');
    }
    case 'PUT settings': {
      const one = house.settings.find((setting) => setting.key === parts[1]);
      if (!one) return problem(404, 'There is no such setting.');
      if (/[?!]/.test(body.value)) return problem(422, `${one.key}: “${body.value}” is not understood; write ${one.accepted}.`);
      Object.assign(one, { value: body.value, source: 'dashboard' });
      return [200, { restart: one.restart }];
    }
    case 'DELETE settings': {
      const one = house.settings.find((setting) => setting.key === parts[1]);
      if (one) Object.assign(one, { value: one.default, source: 'default' });
      return [204, null];
    }
    case 'POST forget': return [200, { said: 'forgot 8 hours and days of counts of all devices', hours: 8, queries: null }];
    case 'POST cache': return said('8,211 answers let go.');
    case 'POST recordings': {
      const tracker = (/** @type {number} */ c, /** @type {number} */ seen, /** @type {number} */ visits) => ({ company: companies[c].name, domains: companies[c].domains.slice(0, 2), seen: Math.min(seen, visits), refused: seen * 2 });
      house.recording = { id: 'r1', device: body.device, since: now() - 90, queries: 212, sites: [
        { site: 'news.example', visits: 4, trackers: [tracker(0, 4, 4), tracker(6, 3, 4), tracker(12, 2, 4)] },
        { site: 'shop.example', visits: 2, trackers: [tracker(1, 2, 2), tracker(0, 1, 2)] },
        { site: 'wikipedia.org', visits: 3, trackers: [] }] };
      return [201, { id: 'r1' }];
    }
    case 'DELETE recordings': house.recording = null; return [204, null];
    case 'POST tokens': {
      const made = { id: `t${house.tokens.length + 1}`, name: body.name, scope: body.scope, made: now(), used: null };
      house.tokens.push(made);
      return [201, { id: made.id, token: 'trk_9f2c1d7a4be84c0f8f0e2a61' }];
    }
    case 'DELETE tokens': house.tokens = house.tokens.filter((token) => token.id !== parts[1]); return [204, null];
    case 'PUT password': return body.old === PASSWORD || body.name === 'viewer' ? [204, null] : problem(403, 'That is not the old password.');
    case 'POST totp': return [200, { secret: 'JBSWY3DPEHPK3PXP', uri: 'otpauth://totp/Trackless:owner?secret=JBSWY3DPEHPK3PXP&issuer=Trackless' }];
    case 'PUT totp': if (body.code !== CODE) return problem(422, 'That code is not right, or it is over.'); house.totp = true; return [204, null];
    case 'DELETE totp': house.totp = false; return [204, null];
    case 'POST sessions': return [204, null];
    default: return problem(404, 'There is nothing of that name.');
  }
}
