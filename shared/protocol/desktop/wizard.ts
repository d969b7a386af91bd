/** The first-run wizard as page and app speak of it. The app holds its state; the page shows it and sends what its person does. */
import { z } from 'zod';
import { manners } from './manners.ts';
import { desktopProblem } from './state.ts';

/** How a coordinator is named: by a join link, or by the words that one sees on its dashboard, for an address from the LAN or typed in. */
export const joinWay = z.discriminatedUnion('by', [
  z.strictObject({ by: z.literal('link'), link: z.string().trim().min(1).max(2000) }),
  z.strictObject({
    by: z.literal('code'),
    /** `http(s)://host:port` */
    address: z.string().trim().min(1).max(500),
    code: z.string().trim().min(1).max(200),
  }),
]);
export type JoinWay = z.infer<typeof joinWay>;

/** A coordinator that announces itself on the LAN. Nothing of it is trusted until a code has proved it. */
export const foundCoordinator = z.object({
  name: z.string(),
  address: z.string(),
  version: z.string().nullable(),
});
export type FoundCoordinator = z.infer<typeof foundCoordinator>;

export const WIZARD_STEPS = ['welcome', 'way', 'coordinator', 'machine', 'consent', 'working', 'done'] as const;
export type WizardStep = (typeof WIZARD_STEPS)[number];

/** What this computer lends. */
export const lending = z.strictObject({
  /** Unique among the workers of a coordinator. */
  name: z.string().trim().min(1).max(200),
  slots: z.int().min(1).max(1000),
  /** Names of the projects that may run here; null: all. */
  projects: z.array(z.string().trim().min(1).max(200)).max(1000).nullable(),
  manners,
});
export type Lending = z.infer<typeof lending>;

export const wizardState = z.object({
  step: z.enum(WIZARD_STEPS),
  way: z.enum(['join', 'alone']).nullable(),
  /** On the LAN; `searching` while more may come. */
  found: z.array(foundCoordinator),
  searching: z.boolean(),
  /** A coordinator that was asked for and answered; the link itself never comes back to the page. */
  coordinator: z.object({ name: z.string(), url: z.string(), pinned: z.boolean() }).nullable(),
  /** While a code or link is being checked, or the agent enrols. */
  busy: z.boolean(),
  lending,
  /** As many as this computer can well run at once. */
  suggestedSlots: z.int().min(1),
  startAtLogin: z.boolean(),
  /** Of the step that is shown. */
  problem: desktopProblem.nullable(),
});
export type WizardState = z.infer<typeof wizardState>;

/** What a person does in it. */
export const wizardInput = z.discriminatedUnion('do', [
  z.strictObject({ do: z.literal('begin') }),
  z.strictObject({ do: z.literal('choose'), way: z.enum(['join', 'alone']) }),
  z.strictObject({ do: z.literal('search') }),
  z.strictObject({ do: z.literal('join'), join: joinWay }),
  z.strictObject({ do: z.literal('lend'), lending }),
  /** Agrees that others' tests run here, in these hours and with these limits. */
  z.strictObject({ do: z.literal('agree'), startAtLogin: z.boolean() }),
  z.strictObject({ do: z.literal('back') }),
]);
export type WizardInput = z.infer<typeof wizardInput>;
