// What the server says and takes at /api/v1, for the type check; nothing of it is served.
// Times are seconds since 1970, durations seconds.

export type Verdict = 'block' | 'allow' | 'pass' | 'local';
export type Choice = 'block' | 'allow';
export type Scope = { house: true } | { profile: string } | { device: string };
export type Subject = { name: string } | { company: string };
export type ButtonState = 'on' | 'paused' | 'off';

export interface Button { state: ButtonState; until: number | null; left: number | null }
export interface Me { key: string; name: string; button: Button; may_press: boolean; most_seconds: number }
export interface Session {
  state: 'setup' | 'anonymous' | 'in';
  name?: 'owner' | 'viewer';
  scope?: 'read' | 'button' | 'admin';
  totp?: boolean;
  device: Me | null;
  version: string;
}
export interface Problem { kind: string; what: string; given: Record<string, string>; text: string; mend: string }
export interface Today {
  queries: number; blocked: number; companies: number; devices: number; stopped: number;
  top: { company: string; devices: number } | null;
  new: { company: string; device: string }[];
}
export interface Status {
  version: string; uptime: number; button: Button; today: Today; problems: Problem[];
  answers: Record<'filter' | 'cache' | 'stale' | 'upstream' | 'local', number>;
  cache: { entries: number; bytes: number };
  level: string; stats_level: 'counts' | 'devices' | 'full'; waiting: number;
}
export interface Series { since: number; step: number; block: number[]; allow: number[]; pass: number[]; companies?: number[] }
export interface Company {
  name: string; owner: string | null; category: string; block: number; allow: number; pass: number;
  devices: number; hours: number; is_new: boolean; choice: Choice | null; follows: boolean;
}
export interface ReachedDevice { key: string; name: string; block: number; allow: number; pass: number; hours: number; last: number }
export interface CompanyPage extends Omit<Company, 'devices'> {
  chain: string[]; domains: string[]; devices: ReachedDevice[];
  choices: { scope: Scope; choice: Choice }[]; lists: string[]; cloaked: string[];
}
export interface Device {
  key: string; name: string; given: string | null; lease: string | null; vendor: string | null; card: string | null;
  addresses: string[]; profile: string; tags: string[]; button: Button | null; off: boolean;
  queries: number; block: number; around: number; first: number | null; last: number | null; asked: boolean;
}
export interface DeviceRow extends Device { companies: number }
export interface DevicePage extends Device { companies: Company[] }
export interface Heat { days: { day: number; hours: { block: number; all: number }[] }[] }
export interface Graph {
  devices: { key: string; name: string; companies: number; queries: number }[];
  companies: { name: string; owner: string | null; category: string; devices: number; hours: number; block: number; allow: number; pass: number; follows: boolean }[];
  links: [number, number, number, number][];
  span: { first: number; last: number };
}
export interface Rule { list: string; rule: string; line: number | null; action: string; wins: boolean }
export interface Check { verdict: Verdict; by: string | null; company: string | null; category: string | null; rules: Rule[] }
export interface Asked { number: number; at: number; device: string; key: string; name: string; type: string; verdict: Verdict; by: string | null; company: string | null }
export interface Logged { at: number; device: string; name: string; type: string; verdict: Verdict; by: string; company: string }
export interface List {
  name: string; source: string | null; builtin: boolean; rules: number; hits: number; alone: number; checked: number | null; age: number | null;
  error: string | null; refused: string | null; why: string | null; skipped: Record<string, number>; first_skipped: string[]; bytes: number; licence: string | null; update: number | null;
}
export interface Catalogue { lists: { name: string; about: string; licence: string; size: number; url: string; group: string }[]; services: { name: string; title: string; group: string }[] }
/** All of it holds; what is not in `own` does because it does for the house. */
export interface Profile {
  name: string; level: string; services: string[]; lists: string[]; safe_search: string; bypass: string; answer: string; own: string[];
  only_allowed: boolean; block: string[]; allow: string[]; block_companies: string[]; allow_companies: string[];
  members: string[]; schedule: string[]; devices: string[];
}
export interface Upstream { url: string; queries: number; failures: number; healthy: boolean; mean_ms: number | null }
export interface Alert { at: number; kind: string; what: string; device: string | null; company: string | null; list: string | null; text: string }
export interface Kept { level: string; files: { name: string; what: string; text: string; bytes: number }[]; retention: { hours: number; days: number; queries: number | null } }
export interface Door { address: string; port: number }
export interface SetupInfo {
  addresses: string[]; dns: Door[]; tls: Door[]; https: Door[]; quic: Door[];
  names: string[]; suffix: string | null; ca: boolean;
}
export interface Setting { key: string; about: string; accepted: string; value: string; default: string; source: 'default' | 'file' | 'dashboard'; restart: boolean }
export interface Token { id: string; name: string; scope: string; made: number; used: number | null }
export interface Recording {
  id: string; device: string; since: number; queries: number;
  sites: { site: string; visits: number; trackers: { company: string; domains: string[]; seen: number; refused: number }[] }[];
}
export interface ChoiceMade { scope: Scope; subject: Subject; choice: Choice }
export interface Change { at: number; way: 'command' | 'web' | 'device' | 'clock'; scope: string; what: string; given: string; text: string }
export interface Page<T> { items: T[]; next?: string | null }
