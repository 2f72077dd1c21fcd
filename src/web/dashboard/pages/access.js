// Who may come in: passwords, the second factor, tokens for programs.

import { html, useState } from '../vendor/preact.js';
import { Confirm, Dialog } from '../components/dialog.js';
import { Segments, Select } from '../components/form.js';
import { Qr } from '../components/qr.js';
import { Empty, Head, Loading, Note } from '../components/states.js';
import { api } from '../app/api.js';
import { useData } from '../app/data.js';
import { date, when } from '../app/format.js';
import { attempt, enter, isOwner, line, session, tell } from '../app/state.js';
import { t } from '../app/words.js';

/** @typedef {import('../app/contract').Token} Token */

const LEAST = 10;

function Password() {
  const [name, setName] = useState('owner');
  const [old, setOld] = useState('');
  const [fresh, setFresh] = useState('');
  const [wrong, setWrong] = useState('');
  /** @param {Event} event */
  async function submit(event) {
    event.preventDefault();
    if (fresh.length < LEAST) return setWrong(t('setup.short', { n: LEAST }));
    try {
      await api.put('/password', { old, new: fresh, name });
      [setOld, setFresh, setWrong].forEach((clear) => clear(''));
      tell(t('access.changed'));
    } catch (failure) {
      setWrong(line(failure));
    }
    return undefined;
  }
  return html`<section class="card"><h2>${t('access.password')}</h2><form onSubmit=${submit}>
    <${Segments} label=${t('login.who')} value=${name} onChange=${setName} options=${['owner', 'viewer'].map((one) => [one, t(`login.${one}`)])} />
    ${name === 'viewer' && html`<p class="soft small">${t('access.viewer')}</p>`}
    <input type="text" name="username" value=${name} autocomplete="username" hidden readonly />
    <label class="field"><span>${t('access.old')}</span><input type="password" autocomplete="current-password" value=${old} onInput=${(/** @type {any} */ event) => setOld(event.target.value)} required /></label>
    <label class="field"><span>${t(name === 'viewer' ? 'access.newViewer' : 'access.new')}</span><input type="password" autocomplete="new-password" value=${fresh} onInput=${(/** @type {any} */ event) => setFresh(event.target.value)} required /><small>${t('setup.least', { n: LEAST })}</small></label>
    <p class="wrong" role="alert">${wrong}</p><div class="row"><button class="do main">${t('access.change')}</button></div></form></section>`;
}

/** @param {{ given: { secret: string, uri: string }, onClose: () => void }} props */
function Confirmed({ given, onClose }) {
  const [code, setCode] = useState('');
  const [wrong, setWrong] = useState('');
  /** @param {Event} event */
  async function submit(event) {
    event.preventDefault();
    try {
      await api.put('/totp', { code });
      await enter();
      tell(t('totp.on'));
      onClose();
    } catch (failure) {
      setWrong(line(failure));
    }
  }
  return html`<${Dialog} title=${t('totp.title')} onClose=${onClose}><p class="soft">${t('totp.scan')}</p>
    <div class="row"><${Qr} text=${given.uri} label=${t('totp.qr')} /></div><p class="mono">${given.secret}</p>
    <form onSubmit=${submit}><label class="field"><span>${t('login.code')}</span><input inputmode="numeric" autocomplete="one-time-code" maxlength="6" pattern="[0-9]{6}" required value=${code} onInput=${(/** @type {any} */ event) => setCode(event.target.value)} /></label>
      <p class="wrong" role="alert">${wrong}</p><button class="do main">${t('totp.turnOn')}</button></form><//>`;
}

function Totp() {
  const [given, give] = useState(/** @type {any} */ (null));
  const [off, askOff] = useState(false);
  const [password, setPassword] = useState('');
  const on = session.value?.totp;
  /** @param {Event} event */
  async function remove(event) {
    event.preventDefault();
    const done = await attempt(async () => { await api.delete('/totp', { password }); return true; });
    setPassword('');
    if (!done) return;
    askOff(false);
    await enter();
    tell(t('totp.isOff'));
  }
  return html`<section class="card"><header><h2>${t('totp.title')}</h2><span class=${`chip ${on ? 'block' : ''}`}>${t(on ? 'totp.stateOn' : 'totp.stateOff')}</span></header><p class="soft">${t('totp.about')}</p>
    <div class="row">${on ? html`<button class="do" onClick=${() => askOff(true)}>${t('totp.turnOff')}</button>` : html`<button class="do" onClick=${async () => give(await attempt(() => api.post('/totp')))}>${t('totp.turnOn')}</button>`}</div>
    ${given && html`<${Confirmed} given=${given} onClose=${() => give(null)} />`}
    ${off && html`<${Dialog} title=${t('totp.turnOff')} onClose=${() => askOff(false)}><form onSubmit=${remove}><label class="field"><span>${t('login.password')}</span><input type="password" autocomplete="current-password" required value=${password} onInput=${(/** @type {any} */ event) => setPassword(event.target.value)} /></label><button class="do danger">${t('totp.turnOff')}</button></form><//>`}</section>`;
}

function Tokens() {
  const tokens = useData('/tokens', { all: true });
  const [name, setName] = useState('');
  const [scope, setScope] = useState('read');
  const [made, show] = useState('');
  const [gone, ask] = useState(/** @type {Token | null} */ (null));
  /** @param {Event} event */
  async function submit(event) {
    event.preventDefault();
    const token = await attempt(() => api.post('/tokens', { name: name.trim(), scope }));
    if (!token) return;
    show(token.token);
    setName('');
    tokens.reload();
  }
  return html`<section class="card"><h2>${t('tokens.title')}</h2><p class="soft">${t('tokens.about')} <a href="/api/v1/api">${t('tokens.api')}</a></p>
    <${Loading} of=${tokens}>${(/** @type {Token[]} */ all) => (all.length
      ? html`<ul class="list">${all.map((one) => html`<li key=${one.id}><span><b>${one.name}</b> <span class="chip">${t(`scope.token.${one.scope}`)}</span><small class="soft block">${t('tokens.made', { date: date(one.made) })} · ${t('tokens.used', { when: when(one.used) })}</small></span><button class="do plain" aria-label=${`${t('tokens.remove')}: ${one.name}`} onClick=${() => ask(one)}>${t('tokens.remove')}</button></li>`)}</ul>`
      : html`<${Empty} title=${t('tokens.none')} />`)}<//>
    ${made && html`<${Note} calm title=${t('tokens.once')}><code>${made}</code><//>`}
    <form onSubmit=${submit} class="row bottom"><label class="field grow"><span>${t('tokens.name')}</span><input required maxlength="64" value=${name} onInput=${(/** @type {any} */ event) => setName(event.target.value)} /></label>
      <${Select} label=${t('tokens.scope')} value=${scope} onChange=${setScope} options=${['read', 'button', 'admin'].map((one) => [one, t(`scope.token.${one}`)])} /><button class="do">${t('tokens.make')}</button></form>
    ${gone && html`<${Confirm} title=${t('tokens.removeName', { name: gone.name })} text=${t('tokens.removeWhy')} yes=${t('tokens.remove')} onClose=${() => ask(null)} onYes=${async () => { await attempt(() => api.delete(`/tokens/${encodeURIComponent(gone.id)}`)); tokens.reload(); }} />`}</section>`;
}

export function Page() {
  if (!isOwner()) return html`<div class="page narrow"><${Head} title=${t('nav.access')} /><section class="card"><${Empty} title=${t('access.ownerOnly')}>${t('choice.ownerOnly')}<//></section></div>`;
  return html`<div class="page"><${Head} title=${t('nav.access')} about=${t('access.about')}>
      <button class="do" onClick=${() => attempt(async () => { await api.post('/sessions/end'); tell(t('access.ended')); })}>${t('access.end')}</button><//>
    <div class="grid"><${Password} /><div class="stack wide"><${Totp} /><${Tokens} /></div></div></div>`;
}
