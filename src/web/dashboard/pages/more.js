// On a phone: everything that has no tab of its own.

import { html } from '../vendor/preact.js';
import { Icon } from '../components/icon.js';
import { Leave, Looks, others } from '../components/rail.js';
import { session } from '../app/state.js';
import { t } from '../app/words.js';

export function Page() {
  return html`<div class="page narrow"><h1>${t('nav.more')}</h1>
    <ul class="doors">${others().map((name) => html`<li><a href=${`#/${name}`}><${Icon} name=${name} /><span><b>${t(`nav.${name}`)}</b><small>${t(`about.${name}`)}</small></span></a></li>`)}</ul>
    <section class="card"><h2>${t('look.title')}</h2><${Looks} /><${Leave} /></section>
    <p class="soft small">Trackless ${session.value?.version}</p>
  </div>`;
}
