// A table of companies, with what can be done about each.

import { html, useState } from '../vendor/preact.js';
import { number } from '../app/format.js';
import { to } from '../app/router.js';
import { t } from '../app/words.js';
import { Category, categoryName, Needed } from './category.js';
import { Choose } from './choice.js';
import { Dialog } from './dialog.js';
import { Table } from './table.js';
import { Ratio } from './verdict.js';

/** @typedef {import('../app/contract').Company} Company */

/**
 * @param {{ rows: Company[], device?: { key: string, name: string } }} props
 */
export function CompanyTable({ rows, device }) {
  const [asked, ask] = useState(/** @type {Company | null} */ (null));
  /** @type {import('./table.js').Column[]} */
  const columns = [
    { label: t('company.name'), by: (row) => row.name, cell: (row) => html`<a href=${to('company', row.name)}>${row.name}</a>
        ${row.owner && html`<span class="under">${t('company.of', { owner: row.owner })}</span>`}` },
    { label: t('company.category'), by: (row) => categoryName(row.category), wide: true, bare: true, cell: (row) => html`<span class="row tight"><${Category} of=${row.category} />
        ${row.is_new && html`<span class="chip pause">${t('company.new')}</span>`}
        ${!row.follows && html`<${Needed} />`}
        ${row.choice && html`<span class=${`chip ${row.choice === 'block' ? 'block' : 'through'}`}>${t(`choice.is.${row.choice}`)}</span>`}</span>` },
    ...(device ? [] : [{ label: t('company.devices'), number: true, by: (/** @type {Company} */ row) => row.devices, cell: (/** @type {Company} */ row) => number(row.devices) }]),
    { label: t('company.hours'), number: true, by: (row) => row.hours, cell: (row) => number(row.hours) },
    { label: t('company.refused'), number: true, by: (row) => row.block, cell: (row) => html`${number(row.block)} <${Ratio} block=${row.block} rest=${row.allow + row.pass} />` },
    { label: '', beside: true, cell: (row) => html`<button class="do plain" aria-label=${`${t('choice.choose')} ${row.name}`} onClick=${() => ask(row)}>${t('choice.choose')}</button>` },
  ];
  return html`<${Table} label=${t('nav.companies')} columns=${columns} rows=${rows} name=${(/** @type {Company} */ row) => row.name} sorted=${[2, -1]} />
    ${asked && html`<${Dialog} title=${asked.name} onClose=${() => ask(null)}><p class="soft">${t('choice.about')}</p><${Choose} subject=${{ company: asked.name }} device=${device} now=${asked.choice} /><//>`}`;
}
