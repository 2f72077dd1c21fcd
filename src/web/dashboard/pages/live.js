// What is asked right now. The server keeps names only while somebody looks; closing ends it.

import { html, useEffect, useRef, useState } from '../vendor/preact.js';
import { Asked } from '../components/asked.js';
import { Broken } from '../components/broken.js';
import { Search, Segments, Select } from '../components/form.js';
import { Icon } from '../components/icon.js';
import { Empty, Head } from '../components/states.js';
import { verdictOptions } from '../components/verdict.js';
import { Why } from '../components/why.js';
import { api, query } from '../app/api.js';
import { useData } from '../app/data.js';
import { t } from '../app/words.js';

/** @typedef {import('../app/contract').Asked} Item */

const MOST = 300;

/**
 * The newest first; nothing is added while it is held.
 * @param {string} device @param {boolean} held
 */
function useAsked(device, held) {
  const [items, setItems] = useState(/** @type {Item[]} */ ([]));
  const [open, setOpen] = useState(false);
  const waiting = useRef(/** @type {Item[]} */ ([]));
  const holds = useRef(held);
  holds.current = held;
  useEffect(() => {
    let last = 0;
    /** @param {Item} item */
    const take = (item) => {
      if (item.number <= last) return;
      last = item.number;
      waiting.current.unshift(item);
      waiting.current.length = Math.min(waiting.current.length, MOST);
    };
    setItems([]);
    waiting.current = [];
    api.get(query('/live', { device })).then((page) => page.items.forEach(take), () => {});
    const close = api.events(query('/live/stream', { device }), { asked: take }, (now) => {
      // A server that was started again counts from one.
      if (!now) last = 0;
      setOpen(now);
    });
    // Once a moment, not once a query: a busy house asks hundreds a second.
    const timer = setInterval(() => {
      if (holds.current || !waiting.current.length) return;
      const fresh = waiting.current;
      waiting.current = [];
      setItems((old) => [...fresh, ...old].slice(0, MOST));
    }, 500);
    return () => {
      close();
      clearInterval(timer);
    };
  }, [device]);
  return { items, open };
}

/** @param {{ query: URLSearchParams }} props */
export function Page({ query: asked }) {
  const devices = useData('/devices?days=7', { all: true });
  const [device, setDevice] = useState(asked.get('device') ?? '');
  const [verdict, setVerdict] = useState('');
  const [wanted, want] = useState('');
  const [held, hold] = useState(false);
  const [why, ask] = useState(/** @type {Item | null} */ (null));
  const [mode, setMode] = useState(asked.get('mode') ?? 'all');
  const { items, open } = useAsked(device, held);
  const shown = items.filter((item) => (!verdict || item.verdict === verdict) && (!wanted || `${item.name} ${item.company ?? ''} ${item.device}`.toLowerCase().includes(wanted.toLowerCase())));
  return html`<div class="page">
    <${Head} title=${t('live.title')} about=${t('live.about')}>
      <${Segments} label=${t('live.mode')} value=${mode} onChange=${setMode} options=${[['all', t('live.all')], ['broken', t('live.broken')]]} /><//>
    ${mode === 'broken' ? html`<${Broken} devices=${devices.data ?? []} items=${items} device=${device} setDevice=${setDevice} onWhy=${ask} />` : html`
    <div class="row filters"><div class="grow"><${Search} label=${t('live.search')} value=${wanted} onInput=${want} /></div>
      <${Select} hide label=${t('device.name')} value=${device} onChange=${setDevice} options=${[['', t('live.everyDevice')], ...(devices.data ?? []).map((/** @type {any} */ one) => [one.key, one.name])]} />
      <${Select} hide label=${t('live.verdict')} value=${verdict} onChange=${setVerdict} options=${verdictOptions()} />
      <button class="do" aria-pressed=${held} onClick=${() => hold(!held)}><${Icon} name=${held ? 'live' : 'pause'} />${t(held ? 'live.go' : 'live.hold')}</button></div>
    <section class="card flush">${shown.length ? html`<${Asked} items=${shown} onWhy=${ask} />` : html`<${Empty} title=${t(open ? 'live.nothing' : 'live.connecting')}>${t('live.ask')}<//>`}</section>`}
    ${why && html`<${Why} item=${why} onClose=${() => ask(null)} />`}
  </div>`;
}
