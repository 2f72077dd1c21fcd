// What happened that somebody should know, and what was changed by whom.

import { html, useState } from '../vendor/preact.js';
import { Icon } from '../components/icon.js';
import { Empty, Head, Loading } from '../components/states.js';
import { alertSaid, changeSaid, InWords } from '../components/trouble.js';
import { useData } from '../app/data.js';
import { number, when } from '../app/format.js';
import { to } from '../app/router.js';
import { known, t } from '../app/words.js';

/** @typedef {import('../app/contract').Alert} Alert */
/** @typedef {import('../app/contract').Change} Change */

const STEP = 12;
/** How the scope of a change begins that is for a profile. */
const PROFILE = /^profile /;

/** @param {Alert} alert */
const where = (alert) => (alert.company ? to('company', alert.company) : alert.list ? '#/lists' : alert.device ? '#/devices' : null);

/** @param {{ all: Change[] }} props */
function Changes({ all }) {
  const devices = useData('/devices?days=30', { all: true });
  const [most, setMost] = useState(STEP);
  const named = (/** @type {string} */ scope) => (scope === 'house' ? t('scope.house') : PROFILE.test(scope) ? t('scope.profile', { name: scope.replace(PROFILE, '') }) : devices.data?.find((/** @type {any} */ one) => one.key === scope)?.name ?? scope);
  return html`<ul class="list">${all.slice(0, most).map((one) => {
    const said = changeSaid(one);
    return html`<li><span><${InWords} of=${said.text} own=${said.own} /><small class="soft block">${named(one.scope)}</small></span><span class="soft small">${when(one.at)} · ${known(`way.${one.way}`) ? t(`way.${one.way}`) : one.way}</span></li>`;
  })}</ul>
    ${all.length > most && html`<div class="row"><button class="do" onClick=${() => setMost(most + STEP * 4)}>${t('table.more', { n: all.length - most, more: number(all.length - most) })}</button></div>`}`;
}

export function Page() {
  const alerts = useData('/alerts', { all: true });
  const changes = useData('/changes');
  return html`<div class="page narrow"><${Head} title=${t('nav.alerts')} about=${t('alerts.about')} />
    <section class="card"><${Loading} of=${alerts}>${(/** @type {Alert[]} */ all) => (all.length
      ? html`<ul class="list">${all.map((one) => {
        const said = alertSaid(one);
        return html`<li><span class="row"><${Icon} name=${one.kind === 'new_company' ? 'companies' : 'warning'} /><span><${InWords} of=${said.text} own=${said.own} /><small class="soft block">${when(one.at)}</small></span></span>
          ${where(one) && html`<a class="do plain" href=${where(one)} aria-label=${`${t('alerts.look')}: ${said.text}`}>${t('alerts.look')}</a>`}</li>`;
      })}</ul>`
      : html`<${Empty} title=${t('alerts.none')}>${t('alerts.noneWhy')}<//>`)}<//></section>
    <section class="card"><h2>${t('alerts.changes')}</h2><${Loading} of=${changes}>${(/** @type {{ items: Change[] }} */ page) => (page.items.length
      ? html`<${Changes} all=${page.items} />`
      : html`<p class="soft">${t('alerts.noChanges')}</p>`)}<//></section>
  </div>`;
}
