// The log of queries, where the owner keeps one: what was asked, by whom, and what became of it.

import { html, useState } from '../vendor/preact.js';
import { Asked } from '../components/asked.js';
import { Search, Select } from '../components/form.js';
import { Empty, Head, Loading } from '../components/states.js';
import { verdictOptions } from '../components/verdict.js';
import { Why } from '../components/why.js';
import { api, query } from '../app/api.js';
import { useData } from '../app/data.js';
import { attempt, status } from '../app/state.js';
import { t } from '../app/words.js';

/** @typedef {import('../app/contract').Logged} Logged */
/** @typedef {{ items: Logged[], next: string | null }} Some */

const STEP = 100;

/** @param {{ asked: string, names: Map<string, string>, onWhy: (item: any) => void }} props */
function Found({ asked, names, onWhy }) {
  const first = useData(asked);
  const [rest, setRest] = useState(/** @type {Some | null} */ (null));
  return html`<${Loading} of=${first} lines=${9}>${(/** @type {Some} */ page) => {
    const items = [...page.items, ...(rest?.items ?? [])].map((item, i) => ({ ...item, number: i, key: item.device, device: names.get(item.device) ?? item.device }));
    const next = rest ? rest.next : page.next;
    const more = async () => {
      const got = await attempt(() => api.get(query(asked, { after: next })));
      if (got) setRest({ items: [...(rest?.items ?? []), ...got.items], next: got.next });
    };
    return html`<section class="card flush">${items.length ? html`<${Asked} items=${items} days onWhy=${onWhy} />` : html`<${Empty} title=${t('nothingFound')} />`}
      ${next && html`<div class="row more-rows"><button class="do" onClick=${more}>${t('queries.more')}</button></div>`}</section>`;
  }}<//>`;
}

export function Page() {
  const devices = useData('/devices?days=30', { all: true });
  const [device, setDevice] = useState('');
  const [verdict, setVerdict] = useState('');
  const [name, setName] = useState('');
  const [why, ask] = useState(/** @type {any} */ (null));
  const head = html`<${Head} title=${t('nav.queries')} about=${t('queries.about')} />`;
  if (status.value?.stats_level !== 'full') return html`<div class="page">${head}<section class="card"><${Empty} title=${t('queries.none')}>${t('queries.noneWhy')}<//></section></div>`;
  /** @type {[string, string][]} */
  const known = (devices.data ?? []).map((/** @type {any} */ one) => [one.key, one.name]);
  const asked = query('/queries', { limit: STEP, device, verdict, name: name.trim() });
  return html`<div class="page">${head}
    <div class="row filters"><div class="grow"><${Search} label=${t('live.search')} value=${name} onInput=${setName} /></div>
      <${Select} hide label=${t('device.name')} value=${device} onChange=${setDevice} options=${[['', t('live.everyDevice')], ...known]} />
      <${Select} hide label=${t('live.verdict')} value=${verdict} onChange=${setVerdict} options=${verdictOptions()} /></div>
    <${Found} key=${asked} asked=${asked} names=${new Map(known)} onWhy=${ask} />
    ${why && html`<${Why} item=${why} onClose=${() => ask(null)} />`}
  </div>`;
}
