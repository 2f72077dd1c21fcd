// One company: whose it is, by which names it follows, whom it reached, and what to do about it.

import { html } from '../vendor/preact.js';
import { Category, Needed } from '../components/category.js';
import { Chart } from '../components/chart.js';
import { choose, Choose, scopeName } from '../components/choice.js';
import { Table } from '../components/table.js';
import { Ratio } from '../components/verdict.js';
import { Head, Loading, Note } from '../components/states.js';
import { query } from '../app/api.js';
import { useData } from '../app/data.js';
import { number, whenHour } from '../app/format.js';
import { to } from '../app/router.js';
import { isOwner } from '../app/state.js';
import { t } from '../app/words.js';

/** @typedef {import('../app/contract').CompanyPage} CompanyPage */

const DAYS = 30;
const NAMES = 14;

/** @returns {import('../components/table.js').Column[]} */
const columns = () => [
  { label: t('device.name'), by: (row) => row.name, cell: (row) => html`<a href=${to('device', row.key)}>${row.name}</a>` },
  { label: t('company.hours'), number: true, by: (row) => row.hours, cell: (row) => number(row.hours) },
  { label: t('device.refused'), number: true, by: (row) => row.block, cell: (row) => html`${number(row.block)} <${Ratio} block=${row.block} rest=${row.allow + row.pass} />` },
  { label: t('device.last'), by: (row) => -row.last, cell: (row) => html`<span class="soft">${whenHour(row.last)}</span>` },
];

/** @param {{ of: string[] }} props */
const Names = ({ of }) => html`<ul class="names">${of.map((name) => html`<li class="mono">${name}</li>`)}</ul>`;

/** @param {{ of: CompanyPage }} props */
function Choices({ of }) {
  const devices = useData('/devices?days=7', { all: true });
  const named = (/** @type {any} */ scope) => scopeName(scope, devices.data?.find((/** @type {any} */ one) => one.key === scope.device)?.name);
  return html`<section class="card"><h2>${t('company.yours')}</h2>
    ${of.choices.length > 0 && html`<ul class="list">${of.choices.map((made) => html`<li><span><span class=${`chip ${made.choice === 'block' ? 'block' : 'through'}`}>${t(`choice.is.${made.choice}`)}</span> ${named(made.scope)}</span>
      ${isOwner() && html`<button class="do plain" onClick=${() => choose(made.scope, { company: of.name }, 'clear', made.choice)}>${t('choice.clear')}</button>`}</li>`)}</ul>`}
    <p class="soft small">${t('choice.about')}</p>
    <${Choose} subject=${{ company: of.name }} now=${of.choice} /></section>`;
}

/** @param {{ rest: string[] }} props */
export function Page({ rest }) {
  const name = rest[0] ?? '';
  const company = useData(`/companies/${encodeURIComponent(name)}?days=${DAYS}`);
  const since = Math.floor(Date.now() / 3600000) * 3600 - DAYS * 86400;
  const hours = useData(query('/hours', { from: since, company: name }));
  return html`<div class="page"><${Loading} of=${company} lines=${8}>${(/** @type {CompanyPage} */ one) => html`
    <${Head} title=${one.name} back="#/companies" about=${html`<span class="row tight"><${Category} of=${one.category} />${!one.follows && html`<${Needed} />`}${one.chain.length > 1 && html`<span>${one.chain.join(' → ')}</span>`}</span>`} />
    ${!one.follows && html`<${Note} calm title=${t('company.needsIt')}>${t('company.neededWhy')}<//>`}
    <div class="grid">
      <section class="card"><h2>${t('company.reach')}</h2>
        <p class="sentence small">${t('company.reached', { n: one.devices.length, devices: number(one.devices.length), hours: number(one.hours) })}</p>
        <${Loading} of=${hours}>${(/** @type {any} */ series) => html`<${Chart} series=${series} label=${one.name} />`}<//></section>
      <${Choices} of=${one} />
    </div>
    <section class="stack"><h2>${t(one.follows ? 'company.who' : 'company.whoNeeds')}</h2><div class="card flush"><${Table} label=${t('company.who')} columns=${columns()} rows=${one.devices} name=${(/** @type {any} */ row) => row.key} sorted=${[1, -1]} /></div></section>
    <div class="grid">
      <section class="card"><h2>${t('company.domains', { n: one.domains.length })}</h2><${Names} of=${one.domains.slice(0, NAMES)} />
        ${one.domains.length > NAMES && html`<details><summary>${t('company.moreDomains', { n: one.domains.length - NAMES })}</summary><${Names} of=${one.domains.slice(NAMES)} /></details>`}
        ${one.cloaked.length > 0 && html`<h3>${t('company.cloaked')}</h3><p class="soft small">${t('company.cloakedWhy')}</p><${Names} of=${one.cloaked} />`}</section>
      <section class="card"><h2>${t('company.lists')}</h2><p class="soft small">${t('company.listsWhy')}</p>
        ${one.lists.length ? html`<ul class="list">${one.lists.map((list) => html`<li><a href="#/lists">${list}</a></li>`)}</ul>` : html`<p>${t('company.noList')}</p>`}</section>
    </div>`}<//></div>`;
}
