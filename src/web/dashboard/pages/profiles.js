// What holds for whom, and when. Profiles are made and edited here; devices choose theirs on their page.

import { html, useState } from '../vendor/preact.js';
import { Dialog } from '../components/dialog.js';
import { Empty, Head, Loading } from '../components/states.js';
import { api } from '../app/api.js';
import { useData } from '../app/data.js';
import { to } from '../app/router.js';
import { attempt, changed, isOwner, line, tell } from '../app/state.js';
import { t } from '../app/words.js';

/** @typedef {import('../app/contract').Profile} Profile */

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];

/** The days and hours of `sun-thu 20:00-07:00 night`, or null. @param {string} text */
function parsed(text) {
  const found = /^(\w{3})(?:-(\w{3}))?\s+(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})(?:\s+(.+))?$/.exec(text.trim());
  if (!found) return null;
  const first = DAYS.indexOf(found[1] ?? '');
  const last = found[2] ? DAYS.indexOf(found[2]) : first;
  if (first < 0 || last < 0) return null;
  const days = DAYS.map((_, i) => (first <= last ? i >= first && i <= last : i >= first || i <= last));
  const from = Number(found[3]) + Number(found[4]) / 60;
  const until = Number(found[5]) + Number(found[6]) / 60;
  return { days, from, until, profile: found[7] ?? '' };
}

/** A week as bars; times that go over midnight have their end on the next day. @param {{ entries: string[] }} props */
function Week({ entries }) {
  const all = entries.map(parsed).filter((one) => one !== null);
  if (!all.length) return null;
  return html`<div class="week" aria-hidden="true">${DAYS.map((name, i) => html`<span>${t(`day.${name}`)}</span><i>${all.flatMap((one) => {
    const over = one.until <= one.from;
    const today = one.days[i] ? [[one.from, over ? 24 : one.until]] : [];
    const before = over && one.days[(i + 6) % 7] ? [[0, one.until]] : [];
    return [...today, ...before].map(([from = 0, until = 0]) => html`<b style=${{ left: `${(from / 24) * 100}%`, width: `${((until - from) / 24) * 100}%` }}></b>`);
  })}</i>`)}<span></span><div class="ticks"><span>0</span><span>6</span><span>12</span><span>18</span><span>24</span></div></div>`;
}

/** @param {{ profile: Profile, names: Map<string, string>, onEdit: () => void }} props */
function One({ profile, names, onEdit }) {
  /** @type {[string, any][]} */
  const facts = [['profile.level', profile.level && t(`level.${profile.level}`)], ['profile.services', profile.services?.join(', ')], ['profile.lists', profile.lists?.join(', ')],
    ['profile.safe', profile.safe_search && t(`safe.${profile.safe_search}`)], ['profile.bypass', profile.bypass && t(`bypass.${profile.bypass}`)],
    ['profile.only', profile.only_allowed ? t('profile.onlyYes') : null], ['profile.members', profile.members.length ? html`<span class="mono">${profile.members.join(', ')}</span>` : null]];
  const said = facts.filter(([, value]) => value);
  return html`<section class="card"><header><h2>${profile.name}</h2>${isOwner() && html`<button class="do plain" aria-label=${`${t('profile.edit')}: ${profile.name}`} onClick=${onEdit}>${t('profile.edit')}</button>`}</header>
    ${said.length ? html`<dl class="facts">${said.map(([name, value]) => html`<dt>${t(name)}</dt><dd>${value}</dd>`)}</dl>` : html`<p class="soft">${t('profile.asHouse')}</p>`}
    ${profile.schedule.length > 0 && html`<h3>${t('profile.schedule')}</h3><${Week} entries=${profile.schedule} /><ul>${profile.schedule.map((entry) => html`<li class="mono">${entry}</li>`)}</ul>`}
    <h3>${t('profile.devices', { n: profile.devices.length })}</h3>
    ${profile.devices.length ? html`<p class="row tight">${profile.devices.map((key) => html`<a class="chip" href=${to('device', key)}>${names.get(key) ?? key}</a>`)}</p>` : html`<p class="soft">${t('profile.nobody')}</p>`}</section>`;
}

/** The setting as it is written; the server says what is wrong with it. @param {{ onClose: () => void }} props */
function Edit({ onClose }) {
  const settings = useData('/settings', { all: true });
  const [value, setValue] = useState(/** @type {string | null} */ (null));
  const [wrong, setWrong] = useState('');
  /** @param {Event} event @param {string} text */
  async function submit(event, text) {
    event.preventDefault();
    try {
      await api.put('/settings/profiles', { value: text });
      changed.value += 1;
      tell(t('settings.saved'));
      onClose();
    } catch (failure) {
      setWrong(line(failure));
    }
  }
  return html`<${Dialog} title=${t('profile.edit')} onClose=${onClose}><${Loading} of=${settings}>${(/** @type {any[]} */ all) => {
    const text = value ?? all.find((one) => one.key === 'profiles')?.value ?? '';
    return html`<form onSubmit=${(/** @type {Event} */ event) => submit(event, text)}><label class="field"><span>${t('profile.written')}</span><textarea rows="14" spellcheck=${false} value=${text} onInput=${(/** @type {any} */ event) => setValue(event.target.value)}></textarea><small>${t('profile.writtenAbout')}</small></label>
      <p class="wrong" role="alert">${wrong}</p><div class="row"><button class="do main">${t('save')}</button><button type="button" class="do" onClick=${onClose}>${t('cancel')}</button></div></form>`;
  }}<//><//>`;
}

/** Puts a device into a profile. @param {{ profiles: Profile[], devices: any[] }} props */
function Assign({ profiles, devices }) {
  return html`<section class="card"><h2>${t('profile.assign')}</h2><div class="tall" tabindex="0" role="region" aria-label=${t('profile.assign')}><ul class="list">${devices.map((one) => html`<li><a href=${to('device', one.key)}>${one.name}</a>
    <select aria-label=${t('profile.of', { name: one.name })} value=${one.profile ?? ''} onChange=${async (/** @type {any} */ event) => { if (await attempt(() => api.put(`/devices/${encodeURIComponent(one.key)}`, { profile: event.target.value || null }))) { changed.value += 1; tell(t('settings.saved')); } }}>
      <option value="" selected=${!one.profile}>${t('device.noProfile')}</option>${profiles.map((profile) => html`<option value=${profile.name} selected=${profile.name === one.profile}>${profile.name}</option>`)}</select></li>`)}</ul></div></section>`;
}

export function Page() {
  const profiles = useData('/profiles', { all: true });
  const devices = useData('/devices?days=7', { all: true });
  const [editing, edit] = useState(false);
  const names = new Map(/** @type {[string, string][]} */ ((devices.data ?? []).map((/** @type {any} */ one) => [one.key, one.name])));
  return html`<div class="page"><${Head} title=${t('profile.title')} about=${t('profile.about')}>${isOwner() && html`<button class="do" onClick=${() => edit(true)}>${t('profile.edit')}</button>`}<//>
    <${Loading} of=${profiles} lines=${8}>${(/** @type {Profile[]} */ all) => html`${all.length
      ? html`<div class="grid">${all.map((profile) => html`<${One} key=${profile.name} profile=${profile} names=${names} onEdit=${() => edit(true)} />`)}</div>`
      : html`<section class="card"><${Empty} title=${t('profile.none')}>${t('profile.noneWhy')}<//></section>`}
      ${isOwner() && all.length > 0 && devices.data?.length > 0 && html`<${Assign} profiles=${all} devices=${devices.data} />`}`}<//>
    ${editing && html`<${Edit} onClose=${() => edit(false)} />`}</div>`;
}
