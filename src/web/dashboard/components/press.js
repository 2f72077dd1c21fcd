// The button: what it is now, and until when; pressed, it asks for how long.

import { html, useEffect, useState } from '../vendor/preact.js';
import { until } from '../app/format.js';
import { t } from '../app/words.js';
import { Dialog } from './dialog.js';

/** @typedef {import('../app/contract').Button} Button */
/** @typedef {{ state: 'on' | 'off' | 'follow', seconds?: number, until?: 'tomorrow' }} Press */

const RING = Array.from({ length: 36 }, (_, i) => ({ angle: i * 10, size: 1.7 - 0.033 * i, seen: 1 - i * 0.026 }));

/** The dots around it: tracks that end while it is on. @param {{ state: string }} props */
function Ring({ state }) {
  return html`<svg class="ring" viewBox="0 0 100 100" aria-hidden="true">
    ${RING.map(({ angle, size, seen }) => html`<circle cx="50" cy="4.5" r=${state === 'on' ? size : 1.3} opacity=${state === 'on' ? seen : 1} transform=${`rotate(${angle} 50 50)`} />`)}</svg>`;
}

/** What the button says, in words. @param {Button} button */
export function stateText(button) {
  if (button.state === 'paused' && button.until) return t('button.paused', { time: until(button.until) });
  return t(button.state === 'on' ? 'button.on' : 'button.off');
}

/** Seconds left, counted down here. @param {Button} button */
function useLeft(button) {
  const [, tick] = useState(0);
  useEffect(() => {
    if (button.state !== 'paused') return undefined;
    const timer = setInterval(() => tick((n) => n + 1), 1000);
    return () => clearInterval(timer);
  }, [button.state]);
  if (!button.until) return null;
  const left = Math.max(0, Math.round(button.until - Date.now() / 1000));
  return left > 3600 ? null : `${Math.floor(left / 60)}:${String(left % 60).padStart(2, '0')}`;
}

/**
 * For how long.
 * @param {{ title: string, most?: number, onPress: (press: Press) => void, onClose: () => void, text?: string }} props
 */
export function HowLong({ title, most, onPress, onClose, text }) {
  /** @type {[string, Press][]} */
  const ways = [['tenMinutes', { state: 'off', seconds: 600 }], ['oneHour', { state: 'off', seconds: 3600 }]];
  if (!most) ways.push(['tomorrow', { state: 'off', until: 'tomorrow' }], ['untilOn', { state: 'off' }]);
  const allowed = most ? ways.filter(([, press]) => (press.seconds ?? Infinity) <= most) : ways;
  return html`<${Dialog} title=${title} onClose=${onClose}>${text && html`<p class="soft">${text}</p>`}
    <div class="stack">${allowed.map(([name, press]) => html`<button class="do" onClick=${() => { onPress(press); onClose(); }}>${t(`button.${name}`)}</button>`)}
      ${most && !allowed.length && html`<button class="do" onClick=${() => { onPress({ state: 'off', seconds: most }); onClose(); }}>${t('button.minutes', { n: Math.floor(most / 60) })}</button>`}</div><//>`;
}

/**
 * @param {{ button: Button, onPress: (press: Press) => void, disabled?: boolean, most?: number, what: string }} props
 */
export function BigButton({ button, onPress, disabled = false, most, what }) {
  const [asking, ask] = useState(false);
  const left = useLeft(button);
  return html`<div class="press">
    <button class=${`big ${button.state}`} disabled=${disabled}
      onClick=${() => (button.state === 'on' ? ask(true) : onPress({ state: 'on' }))}>
      <${Ring} state=${button.state} /><span class="unseen">${what}:</span>
      <span class="said">${t(`button.big.${button.state}`)}</span>
      <span class="more">${left ?? (button.state === 'paused' && button.until ? t('button.until', { time: until(button.until) }) : t(button.state === 'on' ? 'button.tapPause' : 'button.tapOn'))}</span>
    </button>
    <p class="state" aria-live="polite">${stateText(button)}</p>
    ${asking && html`<${HowLong} title=${t('button.howLong')} text=${t('button.meanwhile')} most=${most} onPress=${onPress} onClose=${() => ask(false)} />`}
  </div>`;
}

/**
 * The small one, of a device: follows the house, or has a state of its own.
 * @param {{ button: Button | null, off: boolean, name: string, disabled?: boolean, onPress: (press: Press) => void }} props
 */
export function SmallButton({ button, off, name, disabled = false, onPress }) {
  const [asking, ask] = useState(false);
  return html`<div class="row">
    ${off
      ? html`<button class="do main" disabled=${disabled} onClick=${() => onPress({ state: 'on' })}>${t('button.turnOn')}</button>`
      : html`<button class="do" disabled=${disabled} onClick=${() => ask(true)}>${t('button.pauseThis')}</button>`}
    ${button && html`<button class="do plain" disabled=${disabled} onClick=${() => onPress({ state: 'follow' })}>${t('button.follow')}</button>`}
    ${asking && html`<${HowLong} title=${t('button.howLongDevice', { name })} onPress=${onPress} onClose=${() => ask(false)} />`}
  </div>`;
}
