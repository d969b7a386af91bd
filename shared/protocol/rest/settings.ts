/** REST shapes of settings: what an installation may tune while it runs. */
import { z } from 'zod';

export const settingType = z.enum(['string', 'int', 'float', 'boolean', 'json']);
export type SettingType = z.infer<typeof settingType>;

export const setting = z
  .object({
    key: z.string(),
    type: settingType,
    /** Always null for secrets, which can only be written. */
    value: z.json(),
    default: z.json(),
    /** Somebody has set it; otherwise the default counts. */
    is_set: z.boolean(),
    secret: z.boolean(),
    description: z.string(),
    minimum: z.number().nullable(),
    maximum: z.number().nullable(),
    /** The only values that it may have; null where any will do. */
    options: z.array(z.string()).nullable(),
    updated_at: z.string().nullable(),
    updated_by: z.string().nullable(),
  })
  .meta({ id: 'Setting' });
export type Setting = z.infer<typeof setting>;

export const settingsAnswer = z.object({ items: z.array(setting) });
