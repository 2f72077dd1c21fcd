// The picture's twin: the same data as a table, for whoever cannot or does not want to see it.

import { html, useMemo } from '../vendor/preact.js';
import { Category, categoryName, Needed } from '../components/category.js';
import { Table } from '../components/table.js';
import { number } from '../app/format.js';
import { to } from '../app/router.js';
import { t } from '../app/words.js';

const NAMED = 3;

/** @param {{ graph: import('../app/contract').Graph, wanted: string }} props */
export function Twin({ graph, wanted }) {
  const rows = useMemo(() => {
    const all = graph.companies.map((company) => ({ ...company, through: company.allow + company.pass, met: /** @type {string[]} */ ([]) }));
    for (const [d, c] of graph.links) all[c]?.met.push(graph.devices[d]?.name ?? '');
    return all;
  }, [graph]);
  const found = rows.filter((row) => !wanted || `${row.name} ${row.met.join(' ')}`.toLowerCase().includes(wanted.toLowerCase()));
  /** @type {import('../components/table.js').Column[]} */
  const columns = [
    { label: t('company.name'), by: (row) => row.name, cell: (row) => html`<a href=${to('company', row.name)}>${row.name}</a>` },
    { label: t('company.category'), bare: true, wide: true, by: (row) => categoryName(row.category), cell: (row) => html`<span class="row tight"><${Category} of=${row.category} />${!row.follows && html`<${Needed} />`}</span>` },
    { label: t('company.devices'), wide: true, by: (row) => -row.devices, cell: (row) => html`${row.met.slice(0, NAMED).join(', ')}${row.met.length > NAMED ? ` ${t('picture.andMore', { n: row.met.length - NAMED })}` : ''}` },
    { label: t('company.hours'), number: true, by: (row) => row.hours, cell: (row) => number(row.hours) },
    { label: t('verdict.block'), number: true, by: (row) => row.block, cell: (row) => number(row.block) },
    { label: t('verdict.pass'), number: true, by: (row) => row.through, cell: (row) => number(row.through) },
  ];
  return html`<div class="card flush"><${Table} label=${t('picture.table')} columns=${columns} rows=${found} name=${(/** @type {any} */ row) => row.name} sorted=${[3, -1]} /></div>`;
}
