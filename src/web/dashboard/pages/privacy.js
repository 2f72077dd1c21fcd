// What is kept, where, how large; and how to be rid of it.

import { html, useState } from '../vendor/preact.js';
import { Confirm } from '../components/dialog.js';
import { Select } from '../components/form.js';
import { Icon } from '../components/icon.js';
import { Head, Loading } from '../components/states.js';
import { fileSaid, forgotten, InWords } from '../components/trouble.js';
import { api } from '../app/api.js';
import { useData } from '../app/data.js';
import { bytes, lasting } from '../app/format.js';
import { attempt, changed, isOwner, tell } from '../app/state.js';
import { t } from '../app/words.js';

/** @typedef {import('../app/contract').Kept} Kept */

/** Each file together with its journals. @param {Kept['files']} files */
const whole = (files) => files.filter((file) => !JOURNAL.test(file.name)).map((file) => ({ ...file, bytes: files.reduce((n, one) => (one.name.replace(JOURNAL, '') === file.name ? n + one.bytes : n), 0) }));
const JOURNAL = /-(wal|shm)$/;

const LAST = ['3600', '86400', '604800', ''];

function Forget() {
  const devices = useData('/devices?days=30', { all: true });
  const [device, setDevice] = useState('');
  const [seconds, setSeconds] = useState('3600');
  const [asked, ask] = useState(false);
  const whose = devices.data?.find((/** @type {any} */ one) => one.key === device)?.name ?? t('forget.everyDevice');
  const much = t(seconds ? 'forget.last' : 'forget.all', { time: lasting(Number(seconds)), whose });
  async function forget() {
    const done = await attempt(() => api.post('/forget', { ...(device ? { device } : {}), ...(seconds ? { seconds: Number(seconds) } : {}) }));
    if (!done) return;
    changed.value += 1;
    tell(forgotten(done, whose));
  }
  return html`<section class="card"><h2>${t('forget.title')}</h2><p class="soft">${t('forget.about')}</p>
    <div class="row"><div class="grow"><${Select} label=${t('forget.whose')} value=${device} onChange=${setDevice} options=${[['', t('forget.everyDevice')], ...(devices.data ?? []).map((/** @type {any} */ one) => [one.key, one.name])]} /></div>
      <div class="grow"><${Select} label=${t('forget.howMuch')} value=${seconds} onChange=${setSeconds} options=${LAST.map((one) => [one, one ? t('forget.lastOption', { time: lasting(Number(one)) }) : t('forget.allOption')])} /></div></div>
    <div class="row"><button class="do danger" onClick=${() => ask(true)}>${t('forget.go')}</button></div>
    ${asked && html`<${Confirm} title=${t('forget.sure')} text=${`${much} ${t('forget.undone')}`} yes=${t('forget.go')} onYes=${forget} onClose=${() => ask(false)} />`}</section>`;
}

export function Page() {
  const kept = useData('/kept');
  return html`<div class="page"><${Head} title=${t('nav.privacy')} about=${t('privacy.about')} />
    <div class="grid">
      <section class="card"><h2>${t('privacy.never')}</h2><ul class="ticked">${[1, 2, 3, 4, 5].map((n) => html`<li><${Icon} name="privacy" />${t(`privacy.never${n}`)}</li>`)}</ul></section>
      <${Loading} of=${kept}>${(/** @type {Kept} */ all) => html`<section class="card"><h2>${t('privacy.kept')}</h2>
        <p>${t(`privacy.level.${all.level}`)}</p>
        <ul class="list">${whole(all.files).map((file) => html`<li><span><b class="mono">${file.name}</b><small class="soft block"><${InWords} ...${fileSaid(file)} /></small></span><span class="number">${bytes(file.bytes)}</span></li>`)}</ul>
        <p class="soft small">${t('privacy.retention', { hours: lasting(all.retention.hours), days: lasting(all.retention.days) })}${all.retention.queries !== null && ` ${t('privacy.queries', { time: lasting(all.retention.queries) })}`}</p></section>`}<//>
    </div>
    ${isOwner() && html`<${Forget} />`}
    <section class="card"><h2>${t('privacy.take')}</h2><p class="soft">${t('privacy.takeAbout')}</p>
      <div class="row">${['csv', 'jsonl'].flatMap((format) => ['day', 'hour'].map((by) => html`<a class="do" href=${api.address(`/export?format=${format}&by=${by}`)} download><${Icon} name="download" />${t(`privacy.by.${by}`)} (${format.toUpperCase()})</a>`))}</div></section>
  </div>`;
}
