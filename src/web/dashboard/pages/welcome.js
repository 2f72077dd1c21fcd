// After the setup: this is you, this is the button.

import { html } from '../vendor/preact.js';
import { BigButton } from '../components/press.js';
import { Bones, Head, Note } from '../components/states.js';
import { pressButton, session, status } from '../app/state.js';
import { t } from '../app/words.js';

export function Page() {
  const device = session.value?.device;
  const now = status.value;
  if (!now) return html`<div class="page narrow"><${Bones} /></div>`;
  return html`<div class="page narrow">
    <${Head} title=${t('welcome.title')} about=${t('welcome.about')} />
    ${device
      ? html`<${Note} calm title=${t('welcome.you', { name: device.name })}>${t('welcome.counted')}<//>`
      : html`<${Note} title=${t('welcome.notYet')}>${t('welcome.point')} <a href="#/help">${t('nav.help')}</a><//>`}
    <section class="hero one"><${BigButton} button=${now.button} what=${t('button.house')} onPress=${pressButton} />
      <p class="soft">${t('welcome.try')}</p></section>
    <div class="row"><a class="do main" href="#/home">${t('welcome.go')}</a><a class="do" href="#/help">${t('welcome.others')}</a></div>
  </div>`;
}
