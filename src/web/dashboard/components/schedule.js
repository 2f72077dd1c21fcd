// Times of the week at which another profile holds: seen as a week, and edited row by row.

import { html, useRef } from '../vendor/preact.js';
import { t } from '../app/words.js';

/** @typedef {{ days: boolean[], from: string, until: string, profile: string }} Slot times as `07:00` */

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];

/** The days of `sun-thu,sat`, or null. @param {string} text */
function daysOf(text) {
  if (text === 'daily') return DAYS.map(() => true);
  const days = DAYS.map(() => false);
  for (const part of text.split(',')) {
    const [first = '', last = first] = part.split('-');
    const [from, to] = [DAYS.indexOf(first), DAYS.indexOf(last)];
    if (from < 0 || to < 0) return null;
    for (let i = from; ; i = (i + 1) % 7) {
      days[i] = true;
      if (i === to) break;
    }
  }
  return days;
}

/** What `sun-thu 20:00-07:00 night` says, or null. @param {string} text @returns {Slot | null} */
export function parsed(text) {
  const found = /^(\S+)\s+(\d{1,2}:\d{2})-(\d{1,2}:\d{2})\s+(.+)$/.exec(text.trim());
  const days = daysOf(found?.[1] ?? '');
  if (!found || !days) return null;
  // To the field for a time the end of a day is the beginning of the next one.
  const time = (/** @type {string} */ clock) => (clock === '24:00' ? '00:00' : clock.padStart(5, '0'));
  return { days, from: time(found[2] ?? ''), until: time(found[3] ?? ''), profile: found[4] ?? '' };
}

/** @param {Slot} slot */
export function written({ days, from, until, profile }) {
  const named = days.every(Boolean) ? 'daily' : DAYS.filter((_, i) => days[i]).join(',');
  return `${named} ${from}-${until} ${profile}`;
}

/** Hours since midnight. @param {string} clock */
const hours = (clock) => Number(clock.slice(0, 2)) + Number(clock.slice(3)) / 60;

/** @param {string} name */
export const profileName = (name) => (name === 'house' ? t('profile.house') : name);

/** The slot in words: `Mon, Tue 20:00–07:00`. @param {Slot} slot */
const inWords = ({ days, from, until }) => `${days.every(Boolean) ? t('day.all') : DAYS.filter((_, i) => days[i]).map((name) => t(`day.${name}`)).join(', ')} ${from}–${until === '00:00' ? '24:00' : until}`;

/** A week as bars; times that go over midnight have their end on the next day. @param {{ entries: string[] }} props */
export function Week({ entries }) {
  const all = entries.map(parsed).filter((one) => one !== null);
  return html`<div class="week" aria-hidden="true">${DAYS.map((name, i) => html`<span>${t(`day.${name}`)}</span><i>${all.flatMap((one) => {
    const [from, until] = [hours(one.from), hours(one.until)];
    const over = until <= from;
    const today = one.days[i] ? [[from, over ? 24 : until]] : [];
    const before = over && one.days[(i + 6) % 7] ? [[0, until]] : [];
    return [...today, ...before].map(([from = 0, until = 0]) => html`<b style=${{ left: `${(from / 24) * 100}%`, width: `${((until - from) / 24) * 100}%` }}></b>`);
  })}</i>`)}<span></span><div class="ticks"><span>0</span><span>6</span><span>12</span><span>18</span><span>24</span></div></div>
    <ul class="list">${all.map((one) => html`<li><span>${inWords(one)}</span><span class="chip">${profileName(one.profile)}</span></li>`)}</ul>`;
}

/**
 * @param {{ slots: Slot[], profiles: string[], onChange: (slots: Slot[]) => void }} props profiles: which may hold
 */
export function Rows({ slots, profiles, onChange }) {
  const add = useRef(/** @type {HTMLButtonElement | null} */ (null));
  const put = (/** @type {number} */ at, /** @type {Partial<Slot>} */ news) => onChange(slots.map((slot, i) => (i === at ? { ...slot, ...news } : slot)));
  const remove = (/** @type {number} */ at) => {
    onChange(slots.filter((_, i) => i !== at));
    add.current?.focus();
  };
  const fresh = { days: DAYS.map((_, i) => i < 5), from: '20:00', until: '07:00', profile: profiles[0] ?? 'house' };
  return html`<div class="stack">
    ${slots.map((slot, at) => html`<fieldset class="slot" key=${at}><legend class="unseen">${t('schedule.row', { n: at + 1 })}</legend>
      <div class="days" role="group" aria-label=${t('schedule.days')}>${DAYS.map((name, i) => html`<button type="button" aria-pressed=${Boolean(slot.days[i])} onClick=${() => put(at, { days: slot.days.map((on, day) => (day === i ? !on : on)) })}>${t(`day.${name}`)}</button>`)}</div>
      <div class="row bottom"><label class="field"><span>${t('schedule.from')}</span><input type="time" required value=${slot.from} onInput=${(/** @type {any} */ event) => put(at, { from: event.target.value })} /></label>
        <label class="field"><span>${t('schedule.until')}</span><input type="time" required value=${slot.until} onInput=${(/** @type {any} */ event) => put(at, { until: event.target.value })} /></label>
        <label class="field grow"><span>${t('schedule.profile')}</span><select value=${slot.profile} onChange=${(/** @type {any} */ event) => put(at, { profile: event.target.value })}>${profiles.map((name) => html`<option value=${name} selected=${name === slot.profile}>${profileName(name)}</option>`)}</select></label>
        <button type="button" class="do plain" aria-label=${t('schedule.remove', { n: at + 1 })} onClick=${() => remove(at)}>${t('tokens.remove')}</button></div></fieldset>`)}
    <div class="row"><button type="button" class="do" ref=${add} onClick=${() => onChange([...slots, fresh])}>${t('schedule.add')}</button></div></div>`;
}
