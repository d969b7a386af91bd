/** Environment variable with the first of the ports that are this process's own on its machine. */
export const PORT = 'PLAYFLEET_PORT';

/** Each process owns this many ports from PLAYFLEET_PORT on, for suites that start more than one server. */
export const PORTS_PER_PROCESS = 10;

/**
 * True where any server of the config does not listen within the process's own ports, so that only one process at a time can run it
 * on a machine. A server that names neither port nor url cannot be judged and counts as fixed.
 */
export function fixedPorts(servers: unknown[], firstPort: number): boolean {
  return servers.some((server) => {
    const port = portOf(server as { port?: unknown; url?: unknown });
    return port === null || port < firstPort || port >= firstPort + PORTS_PER_PROCESS;
  });
}

function portOf({ port, url }: { port?: unknown; url?: unknown }): number | null {
  if (typeof port === 'number') return port;
  if (typeof url !== 'string' || !URL.canParse(url)) return null;
  const { port: named, protocol } = new URL(url);
  if (named !== '') return Number(named);
  return protocol === 'https:' ? 443 : 80;
}
