// All companies that were met, most widely met first.

import { html, useState } from '../vendor/preact.js';
import { CATEGORIES, categoryName } from '../components/category.js';
import { CompanyTable } from '../components/companies.js';
import { Search, Segments, Select } from '../components/form.js';
import { Empty, Head, Loading } from '../components/states.js';
import { useData } from '../app/data.js';
import { number } from '../app/format.js';
import { t } from '../app/words.js';

/** @typedef {import('../app/contract').Company} Company */

export function Page() {
  const [days, setDays] = useState('7');
  const [category, setCategory] = useState('');
  const [wanted, want] = useState('');
  // Those that follow nobody are counted nowhere as if they did: they are shown when asked for.
  const [needed, show] = useState(false);
  const companies = useData(`/companies?days=${days}&sort=reach`, { all: true });
  const found = (/** @type {Company[]} */ rows) => rows.filter((row) => (needed || row.follows) && (!category || row.category === category) && `${row.name} ${row.owner ?? ''}`.toLowerCase().includes(wanted.toLowerCase()));
  return html`<div class="page">
    <${Head} title=${t('nav.companies')} about=${t('companies.about')} />
    <div class="row filters"><div class="grow"><${Search} label=${t('companies.search')} value=${wanted} onInput=${want} /></div>
      <${Select} hide label=${t('company.category')} value=${category} onChange=${setCategory} options=${[['', t('category.all')], ...CATEGORIES.map((one) => [one, categoryName(one)])]} />
      <${Segments} label=${t('days.label')} value=${days} onChange=${setDays} options=${['1', '7', '30'].map((n) => [n, t('days.n', { n: Number(n) })])} /></div>
    <${Loading} of=${companies} lines=${10}>${(/** @type {Company[]} */ rows) => {
      const shown = found(rows);
      if (!rows.length) return html`<section class="card"><${Empty} title=${t('home.nobody')}>${t('home.ask')}<//></section>`;
      const others = rows.filter((row) => !row.follows).length;
      return html`${others > 0 && html`<label class="tick"><input type="checkbox" checked=${needed} onChange=${(/** @type {any} */ event) => show(event.target.checked)} /><span>${t('companies.needed', { n: others, needed: number(others) })}<small class="soft block">${t('companies.neededWhy')}</small></span></label>`}
        ${shown.length ? html`<section class="card flush"><${CompanyTable} key=${`${category}${days}${needed}`} rows=${shown} /></section>` : html`<section class="card"><${Empty} title=${t('nothingFound')} /></section>`}`;
    }}<//></div>`;
}
