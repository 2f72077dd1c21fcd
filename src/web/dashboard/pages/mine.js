// For whoever has no login: the button of the very device in their hand, if the owner allows it.

import { html } from '../vendor/preact.js';
import { BigButton } from '../components/press.js';
import { Mark } from '../components/icon.js';
import { Empty } from '../components/states.js';
import { Looks } from '../components/rail.js';
import { api } from '../app/api.js';
import { lasting } from '../app/format.js';
import { attempt, session } from '../app/state.js';
import { t } from '../app/words.js';

/** @param {import('../components/press.js').Press} press */
async function press({ state, seconds }) {
  const button = await attempt(() => api.post('/me/button', { state, ...(seconds ? { seconds } : {}) }));
  const now = session.value;
  if (button && now?.device) session.value = { ...now, device: { ...now.device, button } };
}

export function Page() {
  const device = session.value?.device;
  return html`<div class="page gate">
    <div class="brand"><${Mark} />Trackless</div>
    ${device
      ? html`<div class="stack center"><h1>${device.name}</h1><p class="soft">${t(device.may_press ? 'mine.about' : 'mine.mayNot')}</p></div>
          <${BigButton} button=${device.button} what=${device.name} most=${device.most_seconds} disabled=${!device.may_press} onPress=${press} />
          ${device.may_press && html`<p class="soft small center">${t('mine.most', { time: lasting(device.most_seconds) })}</p>`}`
      : html`<${Empty} title=${t('mine.unknown')}>${t('mine.unknownWhy')}<//>`}
    <a class="do" href="#/login">${t('mine.login')}</a>
    <${Looks} />
  </div>`;
}
