// What holds for whom, and when. Profiles are made and edited here; devices choose theirs on their page.

import { html, useState } from '../vendor/preact.js';
import { Dialog } from '../components/dialog.js';
import { facts, ProfileForm } from '../components/profile.js';
import { profileName, Week } from '../components/schedule.js';
import { Empty, Head, Loading } from '../components/states.js';
import { api } from '../app/api.js';
import { useData } from '../app/data.js';
import { to } from '../app/router.js';
import { attempt, changed, isOwner, line, tell } from '../app/state.js';
import { t } from '../app/words.js';

/** @typedef {import('../app/contract').Profile} Profile */

const HOUSE = 'house';

/** @param {{ profile: Profile, names: Map<string, string>, services: Map<string, string>, onEdit: () => void }} props names: of devices */
function One({ profile, names, services, onEdit }) {
  const said = facts(profile, services).filter(([, value]) => value);
  const name = profileName(profile.name);
  return html`<section class="card"><header><h2>${name}</h2>${isOwner() && html`<button class="do plain" aria-label=${`${t('profile.edit')}: ${name}`} onClick=${onEdit}>${t('profile.edit')}</button>`}</header>
    ${said.length ? html`<dl class="facts">${said.map(([name, value]) => html`<dt>${t(name)}</dt><dd>${value}</dd>`)}</dl>` : html`<p class="soft">${t('profile.asHouse')}</p>`}
    ${profile.schedule.length > 0 && html`<h3>${t('profile.schedule')}</h3><${Week} entries=${profile.schedule} />`}
    <h3>${t('profile.devices', { n: profile.devices.length })}</h3>
    ${profile.devices.length ? html`<p class="row tight">${profile.devices.map((key) => html`<a class="chip" href=${to('device', key)}>${names.get(key) ?? key}</a>`)}</p>` : html`<p class="soft">${t('profile.nobody')}</p>`}</section>`;
}

/** The setting as it is written; the server says what is wrong with it. @param {{ onClose: () => void }} props */
function AsText({ onClose }) {
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
  return html`<${Dialog} wide title=${t('profile.asText')} onClose=${onClose}><${Loading} of=${settings}>${(/** @type {any[]} */ all) => {
    const text = value ?? all.find((one) => one.key === 'profiles')?.value ?? '';
    return html`<form onSubmit=${(/** @type {Event} */ event) => submit(event, text)}><label class="field"><span>${t('profile.written')}</span><textarea rows="14" spellcheck=${false} value=${text} onInput=${(/** @type {any} */ event) => setValue(event.target.value)}></textarea><small>${t('profile.writtenAbout')}</small></label>
      <p class="wrong" role="alert">${wrong}</p><div class="row"><button class="do main">${t('save')}</button><button type="button" class="do" onClick=${onClose}>${t('cancel')}</button></div></form>`;
  }}<//><//>`;
}

/** Puts a device into a profile. @param {{ profiles: Profile[], devices: any[] }} props */
function Assign({ profiles, devices }) {
  return html`<section class="card"><h2>${t('profile.assign')}</h2><div class="tall" tabindex="0" role="region" aria-label=${t('profile.assign')}><ul class="list">${devices.map((one) => html`<li><a href=${to('device', one.key)}>${one.name}</a>
    <select aria-label=${t('profile.of', { name: one.name })} value=${one.profile} onChange=${async (/** @type {any} */ event) => { if (await attempt(() => api.put(`/devices/${encodeURIComponent(one.key)}`, { profile: event.target.value === HOUSE ? null : event.target.value }))) { changed.value += 1; tell(t('settings.saved')); } }}>
      ${profiles.map(({ name }) => html`<option value=${name} selected=${name === one.profile}>${name === HOUSE ? t('device.noProfile') : name}</option>`)}</select></li>`)}</ul></div></section>`;
}

export function Page() {
  const profiles = useData('/profiles', { all: true });
  const devices = useData('/devices?days=7', { all: true });
  const catalogue = useData('/catalogue');
  const services = new Map(/** @type {import('../app/contract').Catalogue | undefined} */ (catalogue.data)?.services.map((one) => [one.name, one.title]));
  const [editing, edit] = useState(/** @type {{ profile: Profile | null } | 'text' | null} */ (null));
  const names = new Map(/** @type {[string, string][]} */ ((devices.data ?? []).map((/** @type {any} */ one) => [one.key, one.name])));
  const close = () => edit(null);
  return html`<div class="page"><${Head} title=${t('profile.title')} about=${t('profile.about')}>${isOwner() && html`<div class="row"><button class="do main" onClick=${() => edit({ profile: null })}>${t('profile.new')}</button><button class="do" onClick=${() => edit('text')}>${t('profile.asText')}</button></div>`}<//>
    <${Loading} of=${profiles} lines=${8}>${(/** @type {Profile[]} */ all) => html`<div class="grid">${all.map((profile) => html`<${One} key=${profile.name} profile=${profile} names=${names} services=${services} onEdit=${() => edit({ profile })} />`)}</div>
      ${all.length < 2 && html`<section class="card"><${Empty} title=${t('profile.none')}>${t('profile.noneWhy')}<//></section>`}
      ${isOwner() && all.length > 1 && devices.data?.length > 0 && html`<${Assign} profiles=${all} devices=${devices.data} />`}
      ${editing && editing !== 'text' && html`<${ProfileForm} profile=${editing.profile} all=${all} onClose=${close} />`}`}<//>
    ${editing === 'text' && html`<${AsText} onClose=${close} />`}</div>`;
}
