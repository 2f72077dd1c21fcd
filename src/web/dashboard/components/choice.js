// To refuse or let through a company or a name: for this device, a profile, the house; and undo.

import { html, useState } from '../vendor/preact.js';
import { api } from '../app/api.js';
import { useData } from '../app/data.js';
import { attempt, changed, isOwner, tell } from '../app/state.js';
import { t } from '../app/words.js';

/** @typedef {import('../app/contract').Scope} Scope */
/** @typedef {import('../app/contract').Subject} Subject */
/** @typedef {'block' | 'allow' | 'clear'} Way */

/**
 * @param {Scope} scope @param {Subject} subject @param {Way} way
 * @param {Way} [before] what it was, for undo
 */
export async function choose(scope, subject, way, before = 'clear') {
  const done = await attempt(() => api.post('/choices', { scope, subject, choice: way }));
  if (!done) return;
  changed.value += 1;
  const name = 'name' in subject ? subject.name : subject.company;
  tell(t(`choice.done.${way}`, { name, scope: scopeName(scope) }), () => void choose(scope, subject, before, way));
}

/** @param {Scope} scope @param {string} [device] its name, where it is known */
export function scopeName(scope, device) {
  if ('house' in scope) return t('scope.house');
  if ('profile' in scope) return t('scope.profile', { name: scope.profile });
  return device ?? t('scope.device');
}

/**
 * @param {{ subject: Subject, device?: { key: string, name: string } | undefined, now?: 'block' | 'allow' | null, onMade?: () => void }} props
 */
export function Choose({ subject, device, now = null, onMade }) {
  const profiles = useData('/profiles', { all: true });
  const [where, setWhere] = useState(device ? 'device' : 'house');
  const name = 'name' in subject ? subject.name : subject.company;
  /** @type {Scope} */
  const scope = where === 'house' ? { house: true } : where === 'device' ? { device: device?.key ?? '' } : { profile: where.slice(2) };
  const before = where === 'house' ? now ?? 'clear' : 'clear';
  const make = (/** @type {Way} */ way) => choose(scope, subject, way, before).then(onMade);
  if (!isOwner()) return html`<p class="soft small">${t('choice.ownerOnly')}</p>`;
  return html`<div class="stack">
    <label class="field"><span>${t('choice.where')}</span><select value=${where} onChange=${(/** @type {any} */ event) => setWhere(event.target.value)}>
      ${device && html`<option value="device">${t('scope.thisDevice', { name: device.name })}</option>`}
      ${profiles.data?.filter((/** @type {any} */ profile) => profile.name !== 'house').map((/** @type {any} */ profile) => html`<option value=${`p:${profile.name}`}>${t('scope.profile', { name: profile.name })}</option>`)}
      <option value="house">${t('scope.house')}</option></select></label>
    <div class="row" role="group" aria-label=${t('choice.what', { name })}>
      <button class="do" onClick=${() => make('block')}>${t('choice.block')}</button>
      <button class="do" onClick=${() => make('allow')}>${t('choice.allow')}</button>
      <button class="do plain" onClick=${() => make('clear')}>${t('choice.clear')}</button>
    </div></div>`;
}
