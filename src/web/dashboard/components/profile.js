// A form for one profile, or for the house. It sends what was changed and nothing else: what it does
// not show stays as it is.

import { html, useEffect, useRef, useState } from '../vendor/preact.js';
import { api } from '../app/api.js';
import { useData } from '../app/data.js';
import { changed, line, tell } from '../app/state.js';
import { t } from '../app/words.js';
import { Dialog, opensNoMore } from './dialog.js';
import { Segments, Select, Some, Words } from './form.js';
import { parsed, profileName, Rows, written } from './schedule.js';
import { Loading, Note } from './states.js';

/** @typedef {import('../app/contract').Profile} Profile */
/** @typedef {import('../app/contract').Catalogue} Catalogue */
/** @typedef {'level' | 'safe_search' | 'bypass'} Word */

const HOUSE = 'house';
/** @type {Record<Word, [string, string[]]>} */
const WORDS = { level: ['level', ['relaxed', 'balanced', 'strict']], safe_search: ['safe', ['off', 'search', 'all']], bypass: ['bypass', ['off', 'signals', 'all']] };

/** What the form holds of a profile; null is as for the house. @param {Profile | null} profile */
function held(profile) {
  const own = (/** @type {'level' | 'safe_search' | 'bypass' | 'services' | 'lists'} */ key) => (profile?.own.includes(key) ? profile[key] : null);
  return {
    members: profile?.members ?? [], level: own('level'), safe_search: own('safe_search'), bypass: own('bypass'),
    services: /** @type {string[] | null} */ (own('services')), lists: /** @type {string[] | null} */ (own('lists')),
    only_allowed: profile?.only_allowed ?? false, block: profile?.block ?? [], allow: profile?.allow ?? [],
    schedule: (profile?.schedule ?? []).map(parsed).filter((slot) => slot !== null),
  };
}

/** As it is sent. @param {ReturnType<typeof held>} form @returns {Record<string, unknown>} */
const sent = (form) => ({ ...form, schedule: form.schedule.map(written) });

/**
 * As for the house, or some of many.
 * @param {{ label: string, all: import('./form.js').Choosable[], of: string[], value: string[] | null, house: boolean, onChange: (value: string[] | null) => void }} props of: what the house has
 */
function Own({ label, all, of, value, house, onChange }) {
  return html`<section class="stack"><h3>${label}</h3>
    ${!house && html`<${Segments} label=${label} value=${value ? 'own' : ''} onChange=${(/** @type {string} */ way) => onChange(way ? of : null)} options=${[['', t('profile.follow')], ['own', t('profile.own')]]} />`}
    ${value && html`<${Some} label=${label} all=${all} chosen=${value} onChange=${onChange} />`}</section>`;
}

/**
 * @param {{ profile: Profile | null, all: Profile[], onClose: () => void }} props profile: null makes one
 */
export function ProfileForm({ profile, all, onClose }) {
  const catalogue = useData('/catalogue');
  const devices = useData('/devices?days=7', { all: true });
  const lists = useData('/lists', { all: true });
  const house = profile?.name === HOUSE;
  const [before] = useState(() => held(profile));
  const [form, setForm] = useState(before);
  const [name, setName] = useState(profile?.name ?? '');
  const [wrong, setWrong] = useState('');
  const [sure, ask] = useState(false);
  const keep = useRef(/** @type {HTMLButtonElement | null} */ (null));
  const drop = useRef(/** @type {HTMLButtonElement | null} */ (null));
  const asked = useRef(false);
  useEffect(() => {
    // Each of the two takes the other's place, and with it the focus.
    if (sure || asked.current) (sure ? keep : drop).current?.focus();
    asked.current = sure;
  }, [sure]);
  const of = all.find((one) => one.name === HOUSE);
  const put = (/** @type {Partial<typeof form>} */ news) => setForm({ ...form, ...news });
  const path = (/** @type {string} */ of) => `/profiles/${encodeURIComponent(of)}`;

  /** @param {() => Promise<unknown>} work @param {string} said */
  async function save(work, said) {
    try {
      await work();
      changed.value += 1;
      tell(said);
      onClose();
      return true;
    } catch (failure) {
      setWrong(line(failure));
      return false;
    }
  }
  /** @param {Event} event */
  async function submit(event) {
    event.preventDefault();
    if (form.schedule.some((slot) => !slot.days.includes(true))) return setWrong(t('schedule.noDay'));
    const called = house ? HOUSE : name.trim();
    if (called !== profile?.name && all.some((one) => one.name === called)) return setWrong(t('profile.taken', { name: called }));
    const [was, is] = [sent(before), sent(form)];
    const news = Object.fromEntries(Object.entries(is).filter(([key, value]) => JSON.stringify(value) !== JSON.stringify(was[key])));
    if (profile && called !== profile.name) news.name = called;
    return save(() => api.put(path(profile?.name ?? called), news), t('settings.saved'));
  }
  const remove = () => save(() => api.delete(path(profile?.name ?? '')).then(opensNoMore), t('profile.removed', { name: profile?.name }));

  /** @param {Word} key */
  const word = (key) => {
    const [name, options] = WORDS[key];
    /** @type {[string, string][]} */
    const shown = options.map((one) => [one, t(`${name}.${one}`)]);
    const follow = t('profile.followIs', { is: of ? t(`${name}.${of[key]}`) : '' });
    return html`<${Select} label=${t(`profile.${name}`)} value=${form[key] ?? ''} onChange=${(/** @type {string} */ value) => put({ [key]: value || null })} options=${house ? shown : [['', follow], ...shown]} />`;
  };
  const members = [...new Set((devices.data ?? []).flatMap((/** @type {any} */ one) => [...one.tags.map((/** @type {string} */ tag) => `#${tag}`), ...(one.given ? [one.given] : [])]))];
  const others = all.map((one) => one.name).filter((one) => one !== profile?.name);
  const title = profile ? profileName(profile.name) : t('profile.new');
  return html`<${Dialog} wide title=${title} onClose=${onClose}><form onSubmit=${submit}>
    ${!house && html`<label class="field"><span>${t('tokens.name')}</span><input autofocus=${!profile} required maxlength="64" autocomplete="off" value=${name} onInput=${(/** @type {any} */ event) => setName(event.target.value)} /><small>${t(profile ? 'profile.renameAbout' : 'profile.nameAbout')}</small></label>`}
    ${!house && html`<${Words} label=${t('profile.members')} about=${t('profile.membersAbout')} values=${form.members} known=${members} onChange=${(/** @type {string[]} */ members) => put({ members })} />`}
    <div class="grid near">${word('level')}${word('safe_search')}${word('bypass')}</div>
    <${Loading} of=${catalogue} lines=${3}>${(/** @type {Catalogue} */ known) => html`<${Own} house=${house} label=${t('profile.services')} value=${form.services} of=${of?.services ?? []} onChange=${(/** @type {string[] | null} */ services) => put({ services })}
      all=${known.services.map((one) => ({ key: one.name, name: one.title, group: t(`group.${one.group}`) }))} />`}<//>
    ${!house && html`<${Loading} of=${lists} lines=${2}>${(/** @type {import('../app/contract').List[]} */ known) => html`<${Own} house=${house} label=${t('profile.lists')} value=${form.lists} of=${of?.lists ?? []} onChange=${(/** @type {string[] | null} */ lists) => put({ lists })}
      all=${known.filter((one) => !one.builtin).map((one) => ({ key: one.name, name: one.name }))} />`}<//>`}
    <${Words} label=${t('profile.block')} about=${t('profile.rulesAbout')} values=${form.block} onChange=${(/** @type {string[]} */ block) => put({ block })} />
    <${Words} label=${t('profile.allow')} values=${form.allow} onChange=${(/** @type {string[]} */ allow) => put({ allow })} />
    ${!house && html`<label class="tick"><input type="checkbox" checked=${form.only_allowed} onChange=${(/** @type {any} */ event) => put({ only_allowed: event.target.checked })} /><span>${t('profile.only')}<small class="soft block">${t('profile.onlyAbout')}</small></span></label>`}
    <section class="stack"><h3>${t('profile.schedule')}</h3><p class="soft small">${t('schedule.about')}</p>
      <${Rows} slots=${form.schedule} profiles=${others} onChange=${(/** @type {typeof form.schedule} */ schedule) => put({ schedule })} /></section>
    <div class="done"><p class="wrong" role="alert">${wrong}</p>
    ${sure
      ? html`<${Note} title=${t('profile.sure', { name: profile?.name })}>${t('profile.sureWhy')}<//><div class="row"><button type="button" class="do danger" onClick=${remove}>${t('profile.removeYes')}</button><button type="button" class="do" ref=${keep} onClick=${() => ask(false)}>${t('profile.keep')}</button></div>`
      : html`<div class="row apart"><span class="row"><button class="do main">${t('save')}</button><button type="button" class="do" onClick=${onClose}>${t('cancel')}</button></span>
        ${profile && !house && html`<button type="button" class="do danger" ref=${drop} onClick=${() => ask(true)}>${t('profile.remove')}</button>`}</div>`}</div>
  </form><//>`;
}

/** What is shown of a profile: what it says itself. @param {Profile} profile @param {Map<string, string>} services their names @returns {[string, any][]} */
export function facts(profile, services) {
  const own = (/** @type {string} */ key, /** @type {unknown} */ value) => (profile.own.includes(key) ? value : null);
  const many = (/** @type {string[]} */ all) => (all.length ? all.join(', ') : null);
  return [['profile.members', profile.members.length ? html`<span class="mono">${profile.members.join(', ')}</span>` : null],
    ['profile.level', own('level', t(`level.${profile.level}`))], ['profile.services', own('services', many(profile.services.map((one) => services.get(one) ?? one)) ?? t('form.none'))], ['profile.lists', profile.name === HOUSE ? null : own('lists', many(profile.lists) ?? t('form.none'))],
    ['profile.safe', own('safe_search', t(`safe.${profile.safe_search}`))], ['profile.bypass', own('bypass', t(`bypass.${profile.bypass}`))],
    ['profile.block', many(profile.block)], ['profile.allow', many(profile.allow)], ['profile.only', profile.only_allowed ? t('profile.onlyYes') : null]];
}
