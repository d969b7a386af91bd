/** The agent's settings: what each must be, whoever gives it. */
import path from 'node:path';
import { z } from 'zod';
import { CPU_PRIORITIES } from '../../shared/protocol/desktop/manners.ts';
import { readPinned } from '../../shared/protocol/pin.ts';
import { packageFormat, updateChannel } from '../../shared/protocol/update.ts';
import { tag } from '../../shared/protocol/work.ts';
import { LOG_LEVELS } from './log.ts';
import { parseHours } from './manners/hours-text.ts';

/** Where a new worker enrols, and with which single-use token. */
export interface Join extends Address {
  token: string;
}

/** Where a coordinator is. */
export interface Address {
  /** Without a slash at its end. */
  url: string;
  /** Of its own certificate (shared/protocol/pin.ts); null: the authorities of this system decide. */
  pin: string | null;
}

const httpUrl = z
  .url({ protocol: /^https?$/, error: 'must be an http:// or https:// address' })
  .transform((text) => text.replace(/\/+$/, ''));
const PIN_NEEDS_TLS = 'has a pin, so the address must begin with https://';
const join = z.string().transform((text, context): Join => {
  const [address = '', fragment = ''] = split(text);
  const url = httpUrl.safeParse(address);
  const { token = null, pin = null } = readPinned(fragment) ?? {};
  const isPlain = pin !== null && !address.startsWith('https:');
  if (url.success && token !== null && !isPlain) return { url: url.data, token, pin };
  // The text itself is not repeated: it may hold the token.
  const message = isPlain
    ? PIN_NEEDS_TLS
    : 'must be the address and the join token, as in http://coordinator:4300#TOKEN';
  context.addIssue({ code: 'custom', message, input: undefined });
  return z.NEVER;
});
const address = z.string().transform((text, context): Address => {
  const [before = '', fragment = ''] = split(text);
  const url = httpUrl.safeParse(before);
  const { token = null, pin = null } = readPinned(fragment) ?? { token: '' };
  const isPlain = pin !== null && !before.startsWith('https:');
  if (url.success && token === null && !isPlain) return { url: url.data, pin };
  const message = isPlain
    ? PIN_NEEDS_TLS
    : 'must be an http:// or https:// address, for a certificate of its own with the pin, as in https://coordinator:4300#pfp_…';
  context.addIssue({ code: 'custom', message, input: undefined });
  return z.NEVER;
});
const hours = z.string().transform((text, context) => {
  try {
    return parseHours(text, Intl.DateTimeFormat().resolvedOptions().timeZone);
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message, input: text });
    return z.NEVER;
  }
});
const PERCENT = 'must be true, false, or percent from 1 to 100';
const seconds = (most: number) => z.number().min(0).max(most);
const folder = z
  .string()
  .min(1)
  .transform((text) => path.resolve(text));

/** One entry per setting; keys are the names in the settings file. */
export const schema = z.strictObject({
  /** Enrols this machine at the first start; ignored once it is enrolled. */
  join: join.optional(),
  /** Where the coordinator is now, if it has moved since the enrolment. */
  coordinatorUrl: address.optional(),
  /** Unique among the workers of a coordinator. */
  name: z.string().min(1).max(200).optional(),
  /** Playwright processes at once. */
  slots: z.int().min(1).max(1000).optional(),
  tags: z.array(tag).max(100).default([]),
  /** A suite on this machine, for runs that name no source. */
  projectPath: folder.optional(),
  /** Longest wait between two attempts to reach the coordinator. */
  pollIntervalSeconds: seconds(3600).min(1).default(10),
  /** Folders that runs may name as their source, with all that is in them. */
  allowPaths: z.array(folder).default([]),
  /** Names of the projects that may run here; absent: all. */
  allowProjects: z.array(z.string().min(1).max(200)).max(1000).optional(),
  /** Tests may use this machine's own browser where Playwright's is not there and cannot be fetched. */
  allowSystemBrowser: z.boolean().default(false),
  /** The user that tests and installs run as; absent: the agent's own. */
  runAs: z.string().min(1).max(64).optional(),
  /** Values of secrets may lie in this machine's copy of the coordinator, although its tests run as the same user. */
  copySecrets: z.boolean().default(false),
  /** Where the key of that copy lies; absent: beside the worker's own key. */
  copyKeyFile: folder.optional(),
  /** Suites' dependencies and browsers may be installed. */
  install: z.boolean().default(true),
  /** After being told to stop: how long running tests may take before they are given back. Absent: as long as they need. */
  drainTimeoutSeconds: seconds(7 * 86_400).optional(),
  /** Larger attachments are left out, with a note. */
  attachmentLimitMb: z.int().min(1).max(100_000).default(200),
  logLevel: z.enum(LOG_LEVELS).default('info'),
  /** What follows stands over `manners.json` of the data folder (docs/manners.md). When the machine lends its slots. */
  hours: hours.optional(),
  /** true, or below how many percent of charge. */
  pauseOnBattery: z
    .union([z.boolean(), z.number()], PERCENT)
    .refine((value) => typeof value === 'boolean' || (Number.isInteger(value) && value >= 1 && value <= 100), PERCENT)
    .optional(),
  pauseOnMetered: z.boolean().optional(),
  /** Until nobody has touched the machine for so many minutes; 0: never. */
  pauseWhenUsed: z.number().min(0).max(1440).optional(),
  /** While other programs use more than so many percent of the processors; 0: never. */
  pauseAboveLoad: z
    .int()
    .max(100)
    .refine((percent) => percent === 0 || percent >= 5, 'must be 0, or percent from 5 to 100')
    .optional(),
  pauseWhenHot: z.boolean().optional(),
  cpuPriority: z.enum(CPU_PRIORITIES).optional(),
  /** When a pause begins: finish the tests that run, or give all back at once. */
  whenPaused: z.enum(['finish', 'giveBack']).optional(),
  /** Where the log goes instead of standard output: for what starts the worker and keeps no output. */
  logFile: folder.optional(),
  /** Looks for updates at the coordinator, and loads them where there is a command. Off in a worker that the desktop app updates. */
  updates: z.boolean().default(true),
  updateChannel: updateChannel.default('stable'),
  /** Installs a package, whose file it finds in PLAYFLEET_UPDATE_FILE; absent: updates are only told of. */
  updateCommand: z.string().min(1).max(4000).optional(),
  /** Which package of a release; absent: that of this system. */
  updatePackage: packageFormat.optional(),
  /** JSON with the keys of publishers, in place of those that this build pins. */
  updateKeys: folder.optional(),
});
/** Those of them that are about manners. */
export type MannersSetting =
  | 'hours'
  | 'pauseOnBattery'
  | 'pauseOnMetered'
  | 'pauseWhenUsed'
  | 'pauseAboveLoad'
  | 'pauseWhenHot'
  | 'cpuPriority'
  | 'whenPaused';
export type Parsed = z.infer<typeof schema>;

function split(text: string): [string, string] {
  const at = text.indexOf('#');
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}
