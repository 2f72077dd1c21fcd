// "My site is broken": what was refused for one device in the last minutes, newest first.

import { html, useEffect } from '../vendor/preact.js';
import { session } from '../app/state.js';
import { number, when } from '../app/format.js';
import { t } from '../app/words.js';
import { Select } from './form.js';
import { Empty, Note } from './states.js';
import { choose } from './choice.js';

/** @typedef {import('../app/contract').Asked} Asked */

const MINUTES = 5;

/**
 * @param {{ devices: { key: string, name: string }[], items: Asked[], device: string, setDevice: (key: string) => void, onWhy: (item: Asked) => void }} props
 */
export function Broken({ devices, items, device, setDevice, onWhy }) {
  const me = session.value?.device?.key ?? '';
  useEffect(() => {
    if (!device && me) setDevice(me);
  }, []);
  const since = Date.now() / 1000 - MINUTES * 60;
  /** @type {Map<string, { item: Asked, times: number }>} */
  const names = new Map();
  for (const item of items) {
    if (item.verdict !== 'block' || item.at < since || (device && item.key !== device)) continue;
    const one = names.get(item.name) ?? { item, times: 0 };
    one.times += 1;
    names.set(item.name, one);
  }
  return html`<section class="card">
    <${Note} calm title=${t('broken.how')}>${t('broken.steps')}<//>
    <${Select} label=${t('broken.device')} value=${device} onChange=${setDevice} options=${[...(device ? [] : [['', t('live.everyDevice')]]), ...devices.map((one) => [one.key, one.key === me ? t('broken.this', { name: one.name }) : one.name])]} />
    ${names.size
      ? html`<ul class="list">${[...names.values()].map(({ item, times }) => html`<li key=${item.name}><span><b>${item.name}</b><small class="soft block">${[item.company, when(item.at), t('broken.times', { n: times, times: number(times) })].filter(Boolean).join(' · ')}</small></span>
          <span class="row"><button class="do" aria-label=${`${t('broken.allow')}: ${item.name}`} onClick=${() => choose({ device: item.key }, { name: item.name }, 'allow')}>${t('broken.allow')}</button>
          <button class="do plain" aria-label=${`${t('live.why')} ${item.name}`} onClick=${() => onWhy(item)}>${t('live.why')}</button></span></li>`)}</ul>`
      : html`<${Empty} title=${t('broken.nothing')}>${t('broken.reload')}<//>`}
  </section>`;
}
