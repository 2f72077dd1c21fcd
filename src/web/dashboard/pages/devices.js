// The devices of the house: whose they are, who follows them, and who gets around us.

import { html, useState } from '../vendor/preact.js';
import { Table } from '../components/table.js';
import { Empty, Head, Loading, Note } from '../components/states.js';
import { Search } from '../components/form.js';
import { useData } from '../app/data.js';
import { number, whenHour } from '../app/format.js';
import { to } from '../app/router.js';
import { t } from '../app/words.js';

/** @typedef {import('../app/contract').DeviceRow} DeviceRow */

/** @returns {import('../components/table.js').Column[]} */
const columns = () => [
  { label: t('device.name'), by: (row) => row.name, cell: (row) => html`<a href=${to('device', row.key)}>${row.name}</a>
      <span class="under">${[row.vendor, row.profile !== 'house' && row.profile].filter(Boolean).join(' · ')}</span>` },
  { label: t('device.state'), bare: true, cell: (row) => html`<span class="row tight">${row.off && html`<span class="chip pause">${t('device.off')}</span>`}
      ${row.around > 0 && html`<span class="chip stop">${t('device.around', { n: row.around, count: number(row.around) })}</span>`}
      ${!row.asked && html`<span class="chip">${t('device.quiet')}</span>`}</span>`, wide: true },
  { label: t('device.companies'), number: true, by: (row) => row.companies, cell: (row) => number(row.companies) },
  { label: t('device.refused'), number: true, by: (row) => row.block, cell: (row) => number(row.block) },
  { label: t('device.last'), by: (row) => -(row.last ?? 0), cell: (row) => html`<span class="soft">${whenHour(row.last)}</span>` },
];

export function Page() {
  const devices = useData('/devices?days=7', { all: true });
  const silent = useData('/silent', { all: true });
  const [wanted, want] = useState('');
  const found = (/** @type {DeviceRow[]} */ rows) => rows.filter((row) => `${row.name} ${row.vendor} ${row.profile} ${row.tags.join(' ')} ${row.addresses.join(' ')}`.toLowerCase().includes(wanted.toLowerCase()));
  return html`<div class="page">
    <${Head} title=${t('nav.devices')} about=${t('devices.about')}><${Search} label=${t('devices.search')} value=${wanted} onInput=${want} /><//>
    <${Loading} of=${devices} lines=${9}>${(/** @type {DeviceRow[]} */ rows) => (rows.length
      ? html`<section class="card flush"><${Table} label=${t('nav.devices')} columns=${columns()} rows=${found(rows)} name=${(/** @type {DeviceRow} */ row) => row.key} sorted=${[2, -1]} />
          ${!found(rows).length && html`<${Empty} title=${t('nothingFound')} />`}</section>`
      : html`<section class="card"><${Empty} title=${t('devices.none')}>${t('devices.noneWhy')} <a href="#/help">${t('nav.help')}</a><//></section>`)}<//>
    ${silent.data?.length > 0 && html`<section class="card"><h2>${t('devices.silent')}</h2><${Note} title=${t('devices.silentTitle', { n: silent.data.length, count: silent.data.length })}>${t('devices.silentWhy')}<//>
      <ul class="list">${silent.data.map((/** @type {any} */ one) => html`<li><span>${one.vendor ?? t('devices.noVendor')}</span><span class="mono soft">${one.card}</span></li>`)}</ul></section>`}
  </div>`;
}
