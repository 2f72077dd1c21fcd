// Where the rules come from: each list's health and what it is good for; and lists to subscribe to.

import { html, useState } from '../vendor/preact.js';
import { Confirm, opensNoMore } from '../components/dialog.js';
import { Search, Select } from '../components/form.js';
import { Head, Loading, Note } from '../components/states.js';
import { reason } from '../components/trouble.js';
import { api } from '../app/api.js';
import { useData } from '../app/data.js';
import { bytes, lasting, number, short } from '../app/format.js';
import { attempt, changed, isOwner, line, tell } from '../app/state.js';
import { t } from '../app/words.js';

/** @typedef {import('../app/contract').List} List */
/** @typedef {import('../app/contract').Catalogue} Catalogue */

/** @param {string[]} [names] */
async function update(names) {
  await attempt(async () => {
    await api.post('/lists/update', names ? { names } : {});
    tell(t('lists.fetching'));
  });
}

/** @param {string} name */
async function unsubscribe(name) {
  await attempt(async () => {
    await api.delete(`/lists/${encodeURIComponent(name)}`);
    changed.value += 1;
    tell(t('lists.gone', { name }));
  });
}

/** @param {{ name: string, url?: string, action?: string }} list */
async function subscribe(list) {
  await api.post('/lists', list);
  changed.value += 1;
  tell(t('lists.subscribed', { name: list.name }));
}

/** Why a list does not come, or its newest copy is not taken; and what the server says of it. @param {{ list: List }} props */
function Ill({ list }) {
  const said = list.error ?? list.refused;
  if (!said) return null;
  const words = reason(list);
  return html`<${Note} calm=${list.why === 'not_yet'} title=${t(list.why === 'not_yet' ? 'lists.coming' : list.error ? 'lists.error' : 'lists.refused')}>${words ?? html`<span lang="en">${said}</span>`}<//>
    ${words && list.why !== 'not_yet' && html`<details><summary>${t('lists.said')}</summary><p class="mono" lang="en">${said}</p></details>`}`;
}

/** Lines that could not be read, by reason. @param {{ list: List }} props */
function Skipped({ list }) {
  const all = Object.entries(list.skipped).sort((a, b) => b[1] - a[1]);
  const count = all.reduce((sum, [, n]) => sum + n, 0);
  if (!count) return null;
  return html`<details><summary>${t('lists.skipped', { n: count, count: number(count) })}</summary>
    <ul class="list" lang="en">${all.map(([why, n]) => html`<li><span>${why}</span><span class="number">${number(n)}</span></li>`)}</ul>
    ${list.first_skipped.length > 0 && html`<h3>${t('lists.firstLines')}</h3><ul class="names one" lang="en">${list.first_skipped.map((text) => html`<li class="mono">${text}</li>`)}</ul>`}</details>`;
}

/** @param {{ list: List, onDrop: () => void }} props */
function One({ list, onDrop }) {
  const source = list.source ?? '';
  const known = [list.age !== null ? t('lists.age', { age: lasting(list.age) }) : '', list.licence, list.bytes ? bytes(list.bytes) : ''].filter(Boolean);
  return html`<section class="card"><header><h2>${list.name}</h2>${list.builtin && html`<span class="chip">${t('lists.builtin')}</span>`}</header>
    <${Ill} list=${list} />
    <dl class="figures"><div class="figure"><dt>${t('lists.rules')}</dt><dd><b>${short(list.rules)}</b></dd></div><div class="figure"><dt>${t('lists.hits')}</dt><dd><b>${number(list.hits)}</b></dd></div><div class="figure"><dt>${t('lists.alone')}</dt><dd><b>${number(list.alone)}</b></dd></div></dl>
    ${!list.builtin && list.hits > 0 && list.alone < 10 && html`<p class="soft small">${t('lists.useless')}</p>`}
    ${known.length > 0 && html`<p class="soft small">${known.join(' · ')}</p>`}
    ${source && html`<p class="mono soft">${/^https?:/.test(source) ? html`<a href=${source} target="_blank" rel="noreferrer noopener">${source}</a>` : source}</p>`}
    <${Skipped} list=${list} />
    ${!list.builtin && isOwner() && html`<div class="row">${list.update !== null && html`<button class="do" aria-label=${`${t('lists.update')}: ${list.name}`} onClick=${() => update([list.name])}>${t('lists.update')}</button>`}
      <button class="do plain" aria-label=${`${t('lists.drop')}: ${list.name}`} onClick=${onDrop}>${t('lists.drop')}</button></div>`}</section>`;
}

/** A list that is in no catalogue. */
function Add() {
  const empty = { name: '', url: '', action: 'block' };
  const [list, setList] = useState(empty);
  const [wrong, setWrong] = useState('');
  const put = (/** @type {Partial<typeof empty>} */ news) => setList({ ...list, ...news });
  /** @param {Event} event */
  async function submit(event) {
    event.preventDefault();
    try {
      await subscribe({ ...list, name: list.name.trim(), url: list.url.trim() });
      setList(empty);
      setWrong('');
    } catch (failure) {
      setWrong(line(failure));
    }
  }
  return html`<section class="card"><h2>${t('lists.own')}</h2><p class="soft">${t('lists.ownAbout')}</p><form class="add" onSubmit=${submit}>
    <label class="field"><span>${t('tokens.name')}</span><input required maxlength="64" autocomplete="off" value=${list.name} onInput=${(/** @type {any} */ event) => put({ name: event.target.value })} /></label>
    <label class="field"><span>${t('lists.url')}</span><input required type="url" placeholder="https://" autocomplete="off" spellcheck=${false} value=${list.url} onInput=${(/** @type {any} */ event) => put({ url: event.target.value })} /></label>
    <${Select} label=${t('lists.action')} value=${list.action} onChange=${(/** @type {string} */ action) => put({ action })} options=${[['block', t('lists.block')], ['allow', t('lists.allow')]]} />
    <p class="wrong" role="alert">${wrong}</p><div class="row"><button class="do">${t('lists.add')}</button></div></form></section>`;
}

/** @param {{ subscribed: string[] }} props */
function More({ subscribed }) {
  const catalogue = useData('/catalogue');
  const [wanted, want] = useState('');
  const [group, setGroup] = useState('');
  return html`<section class="card"><h2>${t('lists.more')}</h2>
    <${Loading} of=${catalogue}>${(/** @type {Catalogue} */ all) => {
      const groups = [...new Set(all.lists.map((one) => one.group))].map((one) => /** @type {[string, string]} */ ([one, t(`group.${one}`)]));
      const found = all.lists.filter((one) => (!group || one.group === group) && `${one.name} ${one.about} ${t(`group.${one.group}`)}`.toLowerCase().includes(wanted.toLowerCase()));
      return html`<div class="row filters"><div class="grow"><${Search} label=${t('lists.search')} value=${wanted} onInput=${want} /></div><${Select} hide label=${t('lists.group')} value=${group} onChange=${setGroup} options=${[['', t('lists.everyGroup')], ...groups]} /></div>
        <div class="tall" tabindex="0" role="region" aria-label=${t('lists.more')}><ul class="list">${found.map((one) => html`<li key=${one.name}><span><b>${one.name}</b><small class="soft block"><span lang="en">${one.about}</span> · ${one.licence} · ${t('lists.size', { n: one.size, size: short(one.size) })}</small></span>
          <span class="row tight"><span class="chip">${t(`group.${one.group}`)}</span>${subscribed.includes(one.name) ? html`<span class="chip block">${t('lists.have')}</span>` : isOwner() && html`<button class="do plain" aria-label=${`${t('lists.add')}: ${one.name}`} onClick=${() => attempt(() => subscribe({ name: one.name }))}>${t('lists.add')}</button>`}</span></li>`)}</ul>
          ${!found.length && html`<p class="soft">${t('nothingFound')}</p>`}</div>`;
    }}<//></section>`;
}

export function Page() {
  const lists = useData('/lists', { all: true, every: 15 });
  const [leaving, leave] = useState('');
  return html`<div class="page"><${Head} title=${t('nav.lists')} about=${t('lists.about')}>${isOwner() && html`<button class="do" onClick=${() => update()}>${t('lists.updateAll')}</button>`}<//>
    <${Loading} of=${lists} lines=${8}>${(/** @type {List[]} */ all) => html`<div class="grid">${all.map((list) => html`<${One} key=${list.name} list=${list} onDrop=${() => leave(list.name)} />`)}</div>
      <${More} subscribed=${all.map((list) => list.name)} />${isOwner() && html`<${Add} />`}`}<//>
    ${leaving && html`<${Confirm} title=${t('lists.dropSure', { name: leaving })} text=${t('lists.dropWhy')} yes=${t('lists.drop')} onYes=${() => { opensNoMore(); void unsubscribe(leaving); }} onClose=${() => leave('')} />`}</div>`;
}
