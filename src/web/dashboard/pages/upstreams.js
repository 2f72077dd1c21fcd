// Who is asked for what is not refused and not at hand.

import { html } from '../vendor/preact.js';
import { Head, Loading } from '../components/states.js';
import { api } from '../app/api.js';
import { useData } from '../app/data.js';
import { bytes, number, percent, short } from '../app/format.js';
import { attempt, isOwner, status, tell } from '../app/state.js';
import { t } from '../app/words.js';

/** @typedef {import('../app/contract').Upstream} Upstream */

const SOURCES = /** @type {const} */ (['filter', 'cache', 'stale', 'upstream', 'local']);

async function flush() {
  const done = await attempt(() => api.post('/cache/flush', {}));
  if (done) tell(t('upstreams.flushed'));
}

export function Page() {
  const upstreams = useData('/upstreams', { all: true, every: 10 });
  const now = status.value;
  const all = now ? SOURCES.reduce((n, source) => n + now.answers[source], 0) : 0;
  return html`<div class="page"><${Head} title=${t('nav.upstreams')} about=${t('upstreams.about')}>${isOwner() && html`<a class="do" href="#/settings?q=upstream">${t('upstreams.change')}</a>`}<//>
    <${Loading} of=${upstreams}>${(/** @type {Upstream[]} */ servers) => html`<div class="grid">${servers.map((one) => html`<section class="card" key=${one.url}>
      <header><h2 class="mono">${one.url}</h2><span class=${`chip ${one.healthy ? 'block' : 'stop'}`}>${t(one.healthy ? 'upstreams.well' : 'upstreams.ill')}</span></header>
      <dl class="figures"><div class="figure"><dt>${t('upstreams.asked')}</dt><dd><b>${short(one.queries)}</b></dd></div><div class="figure"><dt>${t('upstreams.failed')}</dt><dd><b>${one.queries ? percent(one.failures / one.queries) : '–'}</b></dd></div>
        <div class="figure"><dt>${t('upstreams.time')}</dt><dd><b>${one.mean_ms === null ? '–' : `${number(Math.round(one.mean_ms))} ms`}</b></dd></div></dl></section>`)}</div>`}<//>
    ${now && html`<section class="card"><header><h2>${t('upstreams.answers')}</h2>${isOwner() && html`<button class="do plain" onClick=${flush}>${t('upstreams.flush')}</button>`}</header>
      <ul class="bars">${SOURCES.map((source) => html`<li><span>${t(`upstreams.from.${source}`)}</span><i><b style=${{ width: `${all ? (now.answers[source] / all) * 100 : 0}%` }}></b></i><span class="number">${number(now.answers[source])}</span></li>`)}</ul>
      <p class="soft small">${t('upstreams.cache', { n: now.cache.entries, entries: number(now.cache.entries), bytes: bytes(now.cache.bytes) })}</p></section>`}
  </div>`;
}
