/** Who uses the dashboard in the benchmark: a person in a browser, and 200 tabs that follow everything. */
import type { BrowserContext } from '@playwright/test';
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import { api, type Coordinator } from '../../../scripts/programs.ts';

const CLOCK_TICKS_PER_S = 100;

/** The admin that signIn() makes. */
export const PERSON = { email: 'bench@example.test', password: 'a long walk by the river' };

/** Makes an admin's account and signs it in in this browser. */
export async function signIn(coordinator: Coordinator, context: BrowserContext): Promise<void> {
  const invite = { email: PERSON.email, role: 'admin', team: null };
  const { link } = await api<{ link: string }>(coordinator, 'POST', '/people/invitations', invite);
  const token = new URLSearchParams(new URL(link).hash.slice(1)).get('token');
  const answer = await context.request.post(`${coordinator.url}/api/v1/auth/accept-invitation`, {
    headers: { origin: coordinator.url },
    data: { token, name: 'Anna Berg', password: PERSON.password },
  });
  if (!answer.ok()) throw new Error(`signing in was answered ${answer.status()}: ${await answer.text()}`);
}

/** Resolves when all are open; returns what closes them. */
export async function openDashboards({ url, token }: Coordinator, count: number): Promise<() => void> {
  const requests = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<http.ClientRequest>((resolve, reject) => {
          const request = http.get(
            `${url}/api/v1/events/stream`,
            { headers: { authorization: `Bearer ${token}`, accept: 'text/event-stream' }, agent: false },
            (answer) => {
              if (answer.statusCode !== 200) reject(new Error(`the stream was answered ${answer.statusCode}`));
              answer.on('error', () => undefined).resume();
              resolve(request);
            },
          );
          request.on('error', reject);
        }),
    ),
  );
  return () => {
    for (const request of requests) request.on('error', () => undefined).destroy();
  };
}

/** Of the coordinator's process until now, user and system. */
export async function cpuSeconds({ process: child }: Coordinator): Promise<number> {
  const stat = await readFile(`/proc/${child.pid}/stat`, 'utf8');
  // The name before them may hold spaces.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS_PER_S;
}
