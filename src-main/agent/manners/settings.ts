/** Where manners come from: `manners.json` in the data folder, and over it what flags, environment and `config.json` say. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { z } from 'zod';
import {
  manners,
  NO_MANNERS,
  type CpuPriority,
  type Hours,
  type Manners,
} from '../../../shared/protocol/desktop/manners.ts';
import { writeAtomically } from '../atomic-file.ts';
import { AgentError, EXIT } from '../errors.ts';

/** What a worker without a screen is told by flags; absent: as in the file. */
export interface MannersFlags {
  /** null: always. */
  hours?: Hours | null | undefined;
  /** true: as soon as it runs on battery; a number: below so many percent. */
  pauseOnBattery?: boolean | number | undefined;
  pauseOnMetered?: boolean | undefined;
  /** Minutes since the last input; 0: never. */
  pauseWhenUsed?: number | undefined;
  /** Percent of all processors; 0: never. */
  pauseAboveLoad?: number | undefined;
  pauseWhenHot?: boolean | undefined;
  cpuPriority?: CpuPriority | undefined;
  whenPaused?: Manners['whenPaused'] | undefined;
}

export const mannersFile = (dataDir: string): string => path.join(dataDir, 'manners.json');

/** @throws AgentError that names the file, the field and what it must be. */
export function readManners(dataDir: string, flags: MannersFlags): Manners {
  const file = mannersFile(dataDir);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return withFlags(NO_MANNERS, flags);
    throw new AgentError(`cannot read ${file}: ${(cause as Error).message}`, EXIT.cannotStart, { cause });
  }
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (cause) {
    const message = `${file} is not JSON: ${(cause as Error).message}. Mend it, or remove it to begin anew`;
    throw new AgentError(message, EXIT.cannotStart, { cause });
  }
  const parsed = manners.safeParse(content);
  if (parsed.success) return withFlags(parsed.data, flags);
  const problems = parsed.error.issues.map((issue) => `${nameOf(issue)}: ${issue.message}`);
  throw new AgentError(`${file}: ${problems.join('; ')}. Mend it, or remove it to begin anew`, EXIT.cannotStart);
}

/** Whole, or as it was. */
export function writeManners(dataDir: string, settings: Manners): Promise<void> {
  return writeAtomically(mannersFile(dataDir), `${JSON.stringify(settings, null, 2)}\n`);
}

function nameOf(issue: z.core.$ZodIssue): string {
  return issue.path.length === 0 ? 'the file' : issue.path.map(String).join('.');
}

function withFlags(base: Manners, flags: MannersFlags): Manners {
  const { hours, pauseOnBattery, pauseOnMetered, pauseWhenUsed, pauseAboveLoad, pauseWhenHot } = flags;
  const { cpuPriority = base.cpuPriority, whenPaused = base.whenPaused } = flags;
  const mode = (isOn: boolean): 'pause' | 'off' => (isOn ? 'pause' : 'off');
  return {
    ...base,
    cpuPriority,
    whenPaused,
    ...(hours !== undefined && { hours }),
    ...(pauseOnBattery !== undefined && {
      battery: {
        mode: mode(pauseOnBattery !== false),
        belowPercent: typeof pauseOnBattery === 'number' ? pauseOnBattery : null,
      },
    }),
    ...(pauseOnMetered !== undefined && { metered: { mode: mode(pauseOnMetered) } }),
    ...(pauseWhenUsed !== undefined && {
      userActive: {
        ...base.userActive,
        mode: mode(pauseWhenUsed > 0),
        ...(pauseWhenUsed > 0 && { idleSeconds: Math.round(pauseWhenUsed * 60) }),
      },
    }),
    ...(pauseAboveLoad !== undefined && {
      foreignLoad: {
        mode: mode(pauseAboveLoad > 0),
        abovePercent: pauseAboveLoad > 0 ? pauseAboveLoad : base.foreignLoad.abovePercent,
      },
    }),
    ...(pauseWhenHot !== undefined && { thermal: { ...base.thermal, mode: mode(pauseWhenHot) } }),
  };
}
