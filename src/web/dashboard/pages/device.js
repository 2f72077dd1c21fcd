// One device: its name, its own button, who follows it and when.

import { html, useState } from '../vendor/preact.js';
import { CompanyTable } from '../components/companies.js';
import { HeatMap } from '../components/heat.js';
import { SmallButton, stateText } from '../components/press.js';
import { Empty, Head, Loading, Note } from '../components/states.js';
import { Select } from '../components/form.js';
import { Dialog, Confirm } from '../components/dialog.js';
import { forgotten } from '../components/trouble.js';
import { api } from '../app/api.js';
import { useData } from '../app/data.js';
import { number, when, whenHour } from '../app/format.js';
import { to } from '../app/router.js';
import { attempt, changed, isOwner, pressButton, tell } from '../app/state.js';
import { t } from '../app/words.js';

/** @typedef {import('../app/contract').DevicePage} DevicePage */

/** @param {string} key @param {object} change */
async function put(key, change) {
  const done = await attempt(() => api.put(`/devices/${encodeURIComponent(key)}`, change));
  if (!done) return;
  changed.value += 1;
  tell(t('settings.saved'));
}

/** @param {{ device: DevicePage, onClose: () => void }} props */
function Rename({ device, onClose }) {
  const [name, setName] = useState(device.given ?? '');
  /** @param {Event} event */
  function submit(event) {
    event.preventDefault();
    void put(device.key, { name: name.trim() || null });
    onClose();
  }
  return html`<${Dialog} title=${t('device.rename')} onClose=${onClose}><form onSubmit=${submit}>
    <label class="field"><span>${t('device.name')}</span><input value=${name} maxlength="64" placeholder=${device.lease ?? device.key} onInput=${(/** @type {any} */ event) => setName(event.target.value)} /><small>${t('device.renameAbout')}</small></label>
    <div class="row"><button class="do main">${t('save')}</button><button type="button" class="do" onClick=${onClose}>${t('cancel')}</button></div></form><//>`;
}

/** @param {{ device: DevicePage }} props */
function Facts({ device }) {
  const profiles = useData('/profiles', { all: true });
  /** @type {[string, string][]} */
  const options = (profiles.data ?? []).map((/** @type {any} */ one) => [one.name, one.name === 'house' ? t('device.noProfile') : one.name]);
  /** @type {[string, any][]} */
  const facts = [['device.vendor', device.vendor], ['device.card', device.card && html`<span class="mono">${device.card}</span>`],
    ['device.addresses', device.addresses.length ? html`<span class="mono">${device.addresses.join(', ')}</span>` : null], ['device.lease', device.lease],
    ['device.tags', device.tags.length ? device.tags.map((tag) => `#${tag}`).join(' ') : null],
    ['device.first', when(device.first)], ['device.last', whenHour(device.last)]];
  return html`<section class="card"><h2>${t('device.facts')}</h2>
    <dl class="facts">${facts.filter(([, value]) => value).map(([name, value]) => html`<dt>${t(name)}</dt><dd>${value}</dd>`)}</dl>
    ${isOwner() && html`<${Select} label=${t('device.profile')} value=${device.profile} options=${options} onChange=${(/** @type {string} */ name) => put(device.key, { profile: name === 'house' ? null : name })} />`}</section>`;
}

/** @param {{ rest: string[] }} props */
export function Page({ rest }) {
  const key = rest[0] ?? '';
  const path = `/devices/${encodeURIComponent(key)}`;
  const device = useData(`${path}?days=7`);
  const heat = useData(`${path}/heat?days=7`);
  const [asked, ask] = useState('');
  return html`<div class="page"><${Loading} of=${device} lines=${8}>${(/** @type {DevicePage} */ one) => html`
    <${Head} title=${one.name} back="#/devices" about=${[one.vendor, one.profile !== 'house' && one.profile].filter(Boolean).join(' · ')}>
      ${isOwner() && html`<div class="row"><button class="do" onClick=${() => ask('name')}>${t('device.rename')}</button><a class="do" href=${`${to('record')}?device=${encodeURIComponent(key)}`}>${t('nav.record')}</a></div>`}<//>
    ${one.around > 0 && html`<${Note} title=${t('device.aroundTitle', { n: one.around, count: number(one.around) })}>${t('device.aroundWhy')}<//>`}
    <div class="grid">
      <section class="card"><h2>${t('device.button')}</h2>
        <p>${one.button ? stateText(one.button) : t(one.off ? 'device.followsOff' : 'device.follows')}</p>
        <${SmallButton} button=${one.button} off=${one.off} name=${one.name} disabled=${!isOwner()} onPress=${(/** @type {any} */ press) => pressButton({ ...press, device: key })} />
        <dl class="figures"><div class="figure"><dt>${t('device.companies')}</dt><dd><b>${number(one.companies.length)}</b></dd></div>
          <div class="figure"><dt>${t('device.refused')}</dt><dd><b>${number(one.block)}</b></dd></div><div class="figure"><dt>${t('device.asked')}</dt><dd><b>${number(one.queries)}</b></dd></div></dl></section>
      <${Facts} device=${one} />
    </div>
    <section class="card"><header><h2>${t('device.week')}</h2><span class="soft small">${t('heat.about')}</span></header>
      <${Loading} of=${heat}>${(/** @type {any} */ data) => html`<${HeatMap} heat=${data} />`}<//></section>
    <section class="stack"><h2>${t('device.followers')}</h2>
      ${one.companies.length ? html`<div class="card flush"><${CompanyTable} rows=${one.companies} device=${one} /></div>` : html`<div class="card"><${Empty} title=${t('device.nobody')} /></div>`}</section>
    ${isOwner() && html`<div class="row"><button class="do danger" onClick=${() => ask('forget')}>${t('device.forget')}</button></div>`}
    ${asked === 'name' && html`<${Rename} device=${one} onClose=${() => ask('')} />`}
    ${asked === 'forget' && html`<${Confirm} title=${t('device.forgetTitle', { name: one.name })} text=${t('device.forgetText')} yes=${t('device.forget')} onClose=${() => ask('')}
      onYes=${async () => { const done = await attempt(() => api.post('/forget', { device: key })); if (done) { tell(forgotten(done, one.name)); location.hash = '#/devices'; } }} />`}`}<//></div>`;
}
