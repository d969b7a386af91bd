/** All settings there are: type, default, bounds, and what they are for. */
import path from 'node:path';
import { z } from 'zod';
import { isTimeZone } from '../../shared/base/time-zone.ts';
import type { SettingType } from '../../shared/protocol/rest/settings.ts';
import { strategyName } from '../../shared/protocol/rest/scheduling.ts';
import { version } from '../../shared/protocol/update.ts';
import { isEncryptedOrLocal } from './rules.ts';

export interface SettingDefinition {
  type: SettingType;
  /** Validates a value from outside. */
  schema: z.ZodType<string | number | boolean | null>;
  default: string | number | boolean | null;
  /** May be written, never read over the API; encrypted where it lies. */
  secret: boolean;
  description: string;
  minimum: number | null;
  maximum: number | null;
  options: readonly string[] | null;
}

const clientText = z
  .string()
  .max(500)
  .regex(/^[\x21-\x7e]+$/, 'must be visible ASCII characters');
const providerUrl = z
  .url({ protocol: /^https?$/, error: 'must be an https address' })
  .max(2000)
  .refine((url) => !URL.canParse(url) || isEncryptedOrLocal(new URL(url)), 'must be an https address');

export const SETTINGS = {
  scheduler_enabled: boolean(true, 'Whether tasks are handed out. Off: what runs goes on, nothing new begins.'),
  load_balancer_strategy: {
    type: 'string' as const,
    schema: strategyName,
    default: 'least_loaded',
    secret: false,
    description:
      'Which worker gets the next task: most free slots, in turn, by priority, by weighted score, by free CPU and memory, by speed, or as a plugin says.',
    minimum: null,
    maximum: null,
    // Filled with the names that there are; plugins add theirs.
    options: [],
  },
  race_stragglers: boolean(
    true,
    'Whether the last slow tests of a run are started again on an idle machine; the first result counts. Off where two copies of a test must not run at once.',
  ),
  max_parallel_test_runs: int(10, 1, 10_000, 'How many runs may be active at once; further ones wait.'),
  task_timeout_default_seconds: int(3600, 1, 86_400, 'How long a task may take where its run does not say.'),
  task_max_retries: int(2, 0, 20, 'How often a task is tried again after its worker or process was lost.'),
  unservable_timeout_seconds: int(
    900,
    0,
    31_536_000,
    'How long a run may wait while no worker can serve it, before it ends as failed; 0 = for ever.',
  ),
  worker_heartbeat_interval_seconds: int(60, 1, 3600, 'How often workers report that they are there.'),
  worker_heartbeat_timeout_seconds: int(
    120,
    2,
    86_400,
    'After how much silence a worker counts as offline and its tasks go elsewhere.',
  ),
  worker_approval: boolean(
    false,
    'Whether workers that enrol get no work before an admin has approved them (playfleet workers approve).',
  ),
  minimum_agent_version: text(
    version,
    'The oldest agent that gets work, as 1.4.0; older ones are told to update. Not set: all.',
  ),
  worker_key_life_days: int(
    90,
    0,
    3650,
    "How long a worker's key works; agents replace theirs after two thirds of it. 0 = for ever.",
  ),
  breaker_failures_in_row: int(
    3,
    0,
    100,
    'After how many failures in a row that may be its own a worker gets no work for a while; 0 = never.',
  ),
  breaker_failure_percent: int(
    50,
    1,
    100,
    'Also when so many per cent of its tries within the window failed, at least five of them.',
  ),
  breaker_window_seconds: int(600, 10, 86_400, 'How far back failures of a worker count.'),
  breaker_cooldown_seconds: int(
    30,
    1,
    86_400,
    'For how long a worker that fails gets no work at first; doubles each time that the try after it fails.',
  ),
  breaker_cooldown_limit_seconds: int(600, 1, 86_400, 'For how long a worker that fails gets no work at most.'),
  poison_test_limit: int(
    3,
    1,
    20,
    'In how many losses or crashes a test may be running before it is quarantined for the run.',
  ),
  report_retention_days: int(90, 1, 36_500, 'How long reports and their files are kept.'),
  log_retention_days: int(30, 1, 36_500, 'How long output and events are kept.'),
  backup_schedule: choice(
    ['off', 'daily', 'weekly'],
    'off',
    'How often a backup is taken by itself. Where none was taken since the last one was due, it is made up for at once.',
  ),
  backup_time: {
    ...choice(['03:00'], '03:00', 'At what time of day (HH:MM) backups are taken.'),
    schema: z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time of day, as in 03:00'),
    options: null,
  },
  backup_weekday: choice(
    ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'],
    'sunday',
    'On which day weekly backups are taken.',
  ),
  backup_zone: {
    ...choice(['UTC'], 'UTC', 'Time zone of that time and day, as in Europe/Berlin.'),
    schema: z.string().max(100).refine(isTimeZone, 'must be a time zone, as in Europe/Berlin'),
    options: null,
  },
  backup_folder: text(
    z
      .string()
      .max(1000)
      .refine((folder) => path.isAbsolute(folder), 'must be a whole path, from the root on'),
    "Folder for backups on the coordinator's machine, best on another disk; without one they lie in its data folder.",
  ),
  backup_keep_daily: int(7, 1, 366, 'Of how many days that have a backup the last one is kept.'),
  backup_keep_weekly: int(4, 0, 520, 'Of how many weeks that have a backup the last one is kept.'),
  backup_artifacts: boolean(true, 'Whether files of reports and tests are in backups. Each is copied once.'),
  backup_passphrase: {
    ...text(
      z.string().min(12, 'must have at least 12 characters').max(500),
      'Encrypts backups, and puts the keys of this coordinator into them. Note it elsewhere: without it no backup opens.',
    ),
    secret: true,
  },
  rate_limit_reads_per_minute: perMinute(30_000, 'Reading requests of one person or token.'),
  rate_limit_changes_per_minute: perMinute(30_000, 'Changing requests of one person or token.'),
  rate_limit_transfers_per_minute: perMinute(120_000, 'Uploads and downloads of blobs of one person or token.'),
  rate_limit_worker_calls_per_minute: perMinute(120_000, 'Calls of one worker over REST.'),
  rate_limit_anonymous_per_minute: perMinute(
    30_000,
    'Requests from one address without a known token: pages, health checks, enrolments.',
  ),
  rate_limit_failed_sign_ins_per_minute: perMinute(
    100,
    'Tokens, keys and links from one address that do not work; further ones are not looked at.',
  ),
  session_idle_hours: int(168, 1, 8760, 'After how many hours without use a browser is signed out.'),
  session_life_days: int(30, 1, 365, 'After how many days a browser is signed out in any case.'),
  github_client_id: text(
    clientText,
    'Sign in through GitHub: the id of an OAuth app, whose callback is /api/v1/auth/providers/github/callback.',
  ),
  github_client_secret: { ...text(clientText, 'Its secret.'), secret: true },
  github_url: text(providerUrl, 'A GitHub server of your own, in place of https://github.com.'),
  google_client_id: text(
    clientText,
    'Sign in through Google: the id of an OAuth client (callback: …/providers/google/callback).',
  ),
  google_client_secret: { ...text(clientText, 'Its secret.'), secret: true },
  discord_client_id: text(
    clientText,
    'Sign in through Discord: the id of an application (callback: …/providers/discord/callback).',
  ),
  discord_client_secret: { ...text(clientText, 'Its secret.'), secret: true },
  oidc_issuer: text(
    providerUrl,
    'Sign in through an OpenID Connect provider: its issuer, as its discovery document names it.',
  ),
  oidc_name: text(z.string().min(1).max(50), 'What the button for it says.'),
  oidc_client_id: text(clientText, 'The id of the client there (callback: …/providers/oidc/callback).'),
  oidc_client_secret: { ...text(clientText, 'Its secret.'), secret: true },
  private_hosts: text(
    z
      .string()
      .max(2000)
      .regex(
        /^[A-Za-z0-9.:_[\]-]+( *, *[A-Za-z0-9.:_[\]-]+)*$/,
        'must be host names or addresses, separated by commas',
      ),
    'Hosts inside your own network that the coordinator may call all the same, separated by commas: an identity provider on the premises, say.',
  ),
  slack_webhook_url: {
    ...text(
      z.url({ protocol: /^https$/, error: 'must be an https address' }).max(2000),
      'Slack webhook that alerts are sent to.',
    ),
    secret: true,
  },
  smtp_server: text(
    z
      .string()
      .max(253)
      .regex(/^[A-Za-z0-9.:_-]+$/, 'must be a host name or an address'),
    'Mail server that mails are sent through; without it and smtp_from none are sent.',
  ),
  smtp_port: int(587, 1, 65_535, 'Port of the mail server.'),
  smtp_tls: choice(
    ['starttls', 'tls', 'none'],
    'starttls',
    'How the way to the mail server is encrypted: starttls (mostly port 587) and tls (mostly 465) send nothing where it cannot be; none never encrypts.',
  ),
  smtp_user: text(clientText, 'User at the mail server; without one nobody signs in there.'),
  smtp_password: { ...text(z.string().min(1).max(500), 'Password of that user.'), secret: true },
  mail_language: choice(
    ['en', 'de'],
    'en',
    'Language of mails to people whose browser has not told theirs yet: English or German.',
  ),
  smtp_from: text(
    z
      .string()
      .max(320)
      .regex(/^[^\p{Cc}]+@[^\s@\p{Cc}]+$/u, 'must be a mail address, without line breaks'),
    'Sender of mails.',
  ),
} as const satisfies Record<string, SettingDefinition>;

export type SettingKey = keyof typeof SETTINGS;
export type SettingValues = { -readonly [K in SettingKey]: z.infer<(typeof SETTINGS)[K]['schema']> };

export const SETTING_KEYS = Object.keys(SETTINGS) as SettingKey[];
export const isSettingKey = (key: string): key is SettingKey => key in SETTINGS;

/** What a change may hold: any of the settings; null puts one back to its default. */
export const settingsChange = z.strictObject(
  Object.fromEntries(SETTING_KEYS.map((key) => [key, SETTINGS[key].schema.nullable().optional()])),
);

export function defaults(): SettingValues {
  return Object.fromEntries(SETTING_KEYS.map((key) => [key, SETTINGS[key].default])) as SettingValues;
}

function int(preset: number, minimum: number, maximum: number, description: string) {
  const schema = z.int().min(minimum).max(maximum);
  return { type: 'int' as const, schema, default: preset, secret: false, description, minimum, maximum, options: null };
}

/** What one client may do in a minute. Never so low that nobody could raise it again. */
function perMinute(preset: number, description: string) {
  return int(preset, 10, 10_000_000, `${description} More within a minute are answered 429.`);
}

function choice<const T extends readonly [string, ...string[]]>(options: T, preset: T[number], description: string) {
  const bounds = { minimum: null, maximum: null, options };
  return { type: 'string' as const, schema: z.enum(options), default: preset, secret: false, description, ...bounds };
}

function boolean(preset: boolean, description: string) {
  const bounds = { minimum: null, maximum: null, options: null };
  return { type: 'boolean' as const, schema: z.boolean(), default: preset, secret: false, description, ...bounds };
}

/** Not set unless somebody sets it. */
function text(schema: z.ZodString | z.ZodURL, description: string) {
  const bounds = { minimum: null, maximum: null, options: null };
  return { type: 'string' as const, schema: schema.nullable(), default: null, secret: false, description, ...bounds };
}
