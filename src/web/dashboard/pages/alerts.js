// What happened that somebody should know, and what was changed by whom.

import { html } from '../vendor/preact.js';
import { Icon } from '../components/icon.js';
import { Empty, Head, Loading } from '../components/states.js';
import { useData } from '../app/data.js';
import { when } from '../app/format.js';
import { to } from '../app/router.js';
import { known, t } from '../app/words.js';

/** @typedef {import('../app/contract').Alert} Alert */
/** @typedef {import('../app/contract').Change} Change */

/** @param {Alert} alert */
const where = (alert) => (alert.company ? to('company', alert.company) : alert.list ? '#/lists' : alert.device ? '#/devices' : null);

export function Page() {
  const alerts = useData('/alerts', { all: true });
  const changes = useData('/changes');
  return html`<div class="page narrow"><${Head} title=${t('nav.alerts')} about=${t('alerts.about')} />
    <section class="card"><${Loading} of=${alerts}>${(/** @type {Alert[]} */ all) => (all.length
      ? html`<ul class="list">${all.map((one) => html`<li><span class="row"><${Icon} name=${one.kind === 'new' ? 'companies' : 'warning'} /><span><span lang="en">${one.text}</span><small class="soft block">${when(one.at)}</small></span></span>
          ${where(one) && html`<a class="do plain" href=${where(one)} aria-label=${`${t('alerts.look')}: ${one.text}`}>${t('alerts.look')}</a>`}</li>`)}</ul>`
      : html`<${Empty} title=${t('alerts.none')}>${t('alerts.noneWhy')}<//>`)}<//></section>
    <section class="card"><h2>${t('alerts.changes')}</h2><${Loading} of=${changes}>${(/** @type {{ items: Change[] }} */ page) => (page.items.length
      ? html`<ul class="list">${page.items.map((one) => html`<li><span><span lang="en">${one.what}</span>${one.scope && html`<small class="soft block">${one.scope === 'house' ? t('scope.house') : one.scope}</small>`}</span><span class="soft small">${when(one.at)} · ${known(`way.${one.way}`) ? t(`way.${one.way}`) : one.way}</span></li>`)}</ul>`
      : html`<p class="soft">${t('alerts.noChanges')}</p>`)}<//></section>
  </div>`;
}
