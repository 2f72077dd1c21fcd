// Where the rules come from: each list's health, and what it is good for.

import { html, useState } from '../vendor/preact.js';
import { Search } from '../components/form.js';
import { Head, Loading, Note } from '../components/states.js';
import { api } from '../app/api.js';
import { useData } from '../app/data.js';
import { bytes, lasting, number, short } from '../app/format.js';
import { attempt, changed, isOwner, tell } from '../app/state.js';
import { t } from '../app/words.js';

/** @typedef {import('../app/contract').List} List */

/** @param {string[]} [names] */
async function update(names) {
  await attempt(async () => {
    await api.post('/lists/update', names ? { names } : {});
    tell(t('lists.fetching'));
  });
}

/** @param {{ list: List }} props */
function One({ list }) {
  return html`<section class="card"><header><h2>${list.name}</h2>${list.builtin ? html`<span class="chip">${t('lists.builtin')}</span>` : isOwner() && html`<button class="do plain" onClick=${() => update([list.name])}>${t('lists.update')}</button>`}</header>
    ${list.error && html`<${Note} title=${t('lists.error')}>${list.error}<//>`}
    ${list.refused && html`<${Note} title=${t('lists.refused')}>${list.refused}<//>`}
    <dl class="figures"><div class="figure"><dt>${t('lists.rules')}</dt><dd><b>${short(list.rules)}</b></dd></div><div class="figure"><dt>${t('lists.hits')}</dt><dd><b>${number(list.hits)}</b></dd></div><div class="figure"><dt>${t('lists.alone')}</dt><dd><b>${number(list.alone)}</b></dd></div></dl>
    ${!list.builtin && list.hits > 0 && list.alone < 10 && html`<p class="soft small">${t('lists.useless')}</p>`}
    <p class="soft small">${[list.age !== null ? t('lists.age', { age: lasting(list.age) }) : '', list.licence, list.bytes ? bytes(list.bytes) : ''].filter(Boolean).join(' · ')}</p>
    ${list.source !== 'builtin' && html`<p class="mono soft">${list.source}</p>`}
    ${list.skipped > 0 && html`<details><summary>${t('lists.skipped', { n: list.skipped, count: number(list.skipped) })}</summary><ul class="names one">${list.first_skipped.map((line) => html`<li class="mono">${line}</li>`)}</ul></details>`}</section>`;
}

/** Adds a name to the setting `lists`, which is a list in YAML's short form. @param {string} name */
async function subscribe(name) {
  await attempt(async () => {
    const { items } = await api.get('/settings?limit=500');
    const now = items.find((/** @type {any} */ one) => one.key === 'lists')?.value?.trim() ?? '[]';
    const value = now.startsWith('[') ? now.replace(/\]\s*$/, now.replace(/\s/g, '') === '[]' ? `${name}]` : `, ${name}]`) : `${now}\n- ${name}`;
    await api.put('/settings/lists', { value });
    changed.value += 1;
    tell(t('lists.subscribed', { name }));
  });
}

function Catalogue() {
  const catalogue = useData('/catalogue');
  const [wanted, want] = useState('');
  return html`<section class="card"><header><h2>${t('lists.more')}</h2><${Search} label=${t('lists.search')} value=${wanted} onInput=${want} /></header>
    <${Loading} of=${catalogue}>${(/** @type {import('../app/contract').Catalogue} */ all) => html`<div class="tall" tabindex="0" role="region" aria-label=${t('lists.more')}><ul class="list">${all.lists.filter((one) => `${one.name} ${one.about}`.toLowerCase().includes(wanted.toLowerCase())).map((one) => html`<li><span><b>${one.name}</b><small class="soft block">${one.about} · ${one.licence} · ${t('lists.size', { n: one.size, size: short(one.size) })}</small></span>
      ${isOwner() && html`<button class="do plain" aria-label=${`${t('lists.add')}: ${one.name}`} onClick=${() => subscribe(one.name)}>${t('lists.add')}</button>`}</li>`)}</ul></div>`}<//></section>`;
}

export function Page() {
  const lists = useData('/lists', { all: true, every: 15 });
  return html`<div class="page"><${Head} title=${t('nav.lists')} about=${t('lists.about')}>${isOwner() && html`<button class="do" onClick=${() => update()}>${t('lists.updateAll')}</button>`}<//>
    <${Loading} of=${lists} lines=${8}>${(/** @type {List[]} */ all) => html`<div class="grid">${all.map((list) => html`<${One} key=${list.name} list=${list} />`)}</div>`}<//>
    <${Catalogue} /></div>`;
}
