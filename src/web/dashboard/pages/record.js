// Record: browse for ten minutes and see which sites brought which trackers. Gone when it is closed.

import { html, useEffect, useRef, useState } from '../vendor/preact.js';
import { Select } from '../components/form.js';
import { Empty, Head, Note } from '../components/states.js';
import { api } from '../app/api.js';
import { useData } from '../app/data.js';
import { lasting, number } from '../app/format.js';
import { to } from '../app/router.js';
import { attempt, isOwner, session } from '../app/state.js';
import { t } from '../app/words.js';

/** @typedef {import('../app/contract').Recording} Recording */

/** @param {{ site: Recording['sites'][number] }} props */
function Site({ site }) {
  return html`<li class="card"><header><h3>${site.site}</h3><span class="soft small">${t('record.visits', { n: site.visits, visits: number(site.visits) })}</span></header>
    ${site.trackers.length
      ? html`<ul class="list">${site.trackers.map((one) => html`<li><span><a href=${to('company', one.company)}>${one.company}</a><small class="soft block">${t('record.seen', { n: site.visits, seen: number(one.seen), visits: number(site.visits) })}</small></span>
          <span class=${`chip ${one.refused ? 'block' : 'through'}`}>${one.refused ? t('record.refused', { n: one.refused, refused: number(one.refused) }) : t('verdict.pass')}</span></li>`)}</ul>`
      : html`<p class="soft">${t('record.none')}</p>`}</li>`;
}

/** @param {{ query: URLSearchParams }} props */
export function Page({ query }) {
  const devices = useData('/devices?days=7', { all: true });
  const [device, setDevice] = useState(query.get('device') ?? session.value?.device?.key ?? '');
  const [id, setId] = useState('');
  const [recording, setRecording] = useState(/** @type {Recording | null} */ (null));
  const running = useRef('');
  running.current = id;

  useEffect(() => {
    if (!id) return undefined;
    const look = () => api.get(`/recordings/${id}`).then(setRecording, () => setId(''));
    void look();
    const timer = setInterval(look, 2000);
    return () => clearInterval(timer);
  }, [id]);
  // Nobody looks any more: let go of the names, also when the whole page is left.
  useEffect(() => {
    const drop = () => { if (running.current) void api.delete(`/recordings/${running.current}`).catch(() => {}); };
    addEventListener('pagehide', drop);
    return () => { removeEventListener('pagehide', drop); drop(); };
  }, []);

  async function start() {
    const made = await attempt(() => api.post('/recordings', { device: device || devices.data?.[0]?.key }));
    if (made) setId(made.id);
  }
  async function stop() {
    await attempt(() => api.delete(`/recordings/${id}`));
    setId('');
    setRecording(null);
  }
  const name = devices.data?.find((/** @type {any} */ one) => one.key === (recording?.device ?? device))?.name ?? '';
  return html`<div class="page narrow">
    <${Head} title=${t('record.title')} about=${t('record.about')} />
    ${!id && html`<section class="card">
      <${Select} label=${t('record.which')} value=${device} onChange=${setDevice} options=${(devices.data ?? []).map((/** @type {any} */ one) => [one.key, one.name])} />
      <ol class="steps"><li>${t('record.step1')}</li><li>${t('record.step2')}</li><li>${t('record.step3')}</li></ol>
      <div class="row"><button class="do main" disabled=${!isOwner()} onClick=${start}>${t('record.start')}</button></div>
      <${Note} calm title=${t('record.gone')}>${t('record.goneWhy')}<//></section>`}
    ${id && html`<section class="card running" aria-live="polite"><header><h2><i class="dot"></i>${t('record.running', { name })}</h2><button class="do danger" onClick=${stop}>${t('record.stop')}</button></header>
      <p class="soft">${recording ? t('record.so', { n: recording.queries, queries: number(recording.queries), time: lasting(Math.max(1, Math.round(Date.now() / 1000 - recording.since))) }) : t('record.browse')}</p>
      <p class="soft small">${t('record.guess')}</p></section>
      ${recording?.sites.length ? html`<ul class="stack">${recording.sites.map((site) => html`<${Site} key=${site.site} site=${site} />`)}</ul>` : html`<section class="card"><${Empty} title=${t('record.nothing')}>${t('record.browse')}<//></section>`}`}
  </div>`;
}
