/** Loads strategies from a folder: every .js and .mjs file in it is an ES module that default-exports { name, version, score }. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { strategyName } from '../../shared/protocol/rest/scheduling.ts';
import { BUILT_IN } from './rules/strategies/registry.ts';
import type { PluginStrategy } from './strategies.ts';

const contract = z.object({
  name: strategyName.refine((name) => !BUILT_IN.has(name), 'is the name of a strategy that is built in'),
  version: z.string().min(1).max(50),
  score: z.custom<PluginStrategy['score']>((value) => typeof value === 'function', 'must be a function'),
});

/** Rejects with an error that names the file, the field and the mend: a coordinator does not start with half of its plugins. */
export async function loadPlugins(folder: string): Promise<PluginStrategy[]> {
  const files = await readdir(folder).catch((error: unknown) => {
    throw new Error(`--plugins: the folder ${folder} cannot be read. Create it, or name another.`, { cause: error });
  });
  const plugins: PluginStrategy[] = [];
  for (const file of files.filter((name) => /\.m?js$/.test(name)).sort()) {
    const plugin = await load(path.join(folder, file));
    if (plugins.some((other) => other.name === plugin.name))
      throw new Error(`Plugin ${file}: name ${plugin.name} is taken by another plugin. Rename one of them.`);
    plugins.push(plugin);
  }
  return plugins;
}

async function load(file: string): Promise<PluginStrategy> {
  const name = path.basename(file);
  const module = (await import(pathToFileURL(file).href).catch((error: unknown) => {
    throw new Error(`Plugin ${name} cannot be loaded: ${String(error)}. Mend it, or take it out of the folder.`, {
      cause: error,
    });
  })) as { default?: unknown };
  const parsed = contract.safeParse(module.default);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const field = issue?.path.join('.') || 'the default export';
  throw new Error(
    `Plugin ${name}: ${field} ${issue?.message ?? 'is not valid'}. It must export default { name, version, score(worker, task) }.`,
  );
}
