import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Control, type Controlled } from '../../../src-main/agent/control/control.ts';
import {
  agentStatus,
  controlMessage,
  type AgentStatus,
  type ControlMessage,
} from '../../../shared/protocol/desktop/agent.ts';
import { POLITE_MANNERS } from '../../../shared/protocol/desktop/manners.ts';
import { captureLog } from '../support.ts';
import { TestClock } from '../manners/test-clock.ts';

const starting: AgentStatus = {
  state: 'starting',
  version: '1.0.0',
  worker: 'desk',
  coordinator: null,
  slots: { total: 2, lent: 0, busy: 0 },
  tests: [],
  why: [],
  problem: null,
};

function rig() {
  const clock = new TestClock(0);
  const stops: string[] = [];
  const heard: ControlMessage[] = [];
  const carriedOut: string[] = [];
  const control = new Control({ starting, onStop: (how) => stops.push(how), clock, log: captureLog().log });
  const channel = control.open((message) => heard.push(controlMessage.parse(message)));
  const agent = { status: { ...starting, state: 'idle' as AgentStatus['state'] }, fails: null as Error | null };
  const controlled: Controlled = {
    status: () => agent.status,
    carryOut: async (command) => {
      if (agent.fails) throw agent.fails;
      carriedOut.push(command.type);
      return command.type === 'suspend' ? { handedBack: { tasks: 1, arrived: true } } : {};
    },
  };
  const say = async (command: unknown, more: object = {}): Promise<ControlMessage | undefined> => {
    channel.hear({ playfleet: 'control', v: 1, id: 7, command, ...more });
    await clock.pass(0);
    return heard.findLast(({ type }) => type === 'answer');
  };
  return { control, channel, clock, heard, stops, agent, controlled, carriedOut, say };
}

test('the status comes when a channel opens, and at each change, once for changes of one moment', async () => {
  const { control, controlled, agent, heard, clock } = rig();
  expect(heard).toMatchObject([{ type: 'status', status: { state: 'starting' } }]);
  control.serve(controlled);
  control.changed();
  await clock.pass(1000);
  expect(heard).toHaveLength(2);
  agent.status = { ...agent.status, state: 'busy' };
  for (let i = 0; i < 50; i++) control.changed();
  control.changed();
  await clock.pass(1000);
  control.changed();
  await clock.pass(1000);
  expect(heard.map((message) => message.type === 'status' && message.status.state)).toEqual([
    'starting',
    'idle',
    'busy',
  ]);
  const late: ControlMessage[] = [];
  control.open((message) => late.push(message));
  expect(late).toMatchObject([{ status: { state: 'busy' } }]);
});

test('commands are carried out and answered by their id', async () => {
  const { control, controlled, carriedOut, say } = rig();
  control.serve(controlled);
  expect(await say({ type: 'facts', facts: { onBattery: true, idleSeconds: null } })).toMatchObject({
    id: 7,
    answer: { ok: true },
  });
  await say({ type: 'pause', until: 'tomorrow' });
  await say({ type: 'pause', until: null });
  await say({ type: 'manners', manners: POLITE_MANNERS });
  expect(await say({ type: 'suspend' })).toMatchObject({
    answer: { ok: true, handedBack: { tasks: 1, arrived: true } },
  });
  expect(carriedOut).toEqual(['facts', 'pause', 'pause', 'manners', 'suspend']);
});

test('before there is an agent, it can be stopped, and everything else is answered with not_now', async () => {
  const { say, stops } = rig();
  expect(await say({ type: 'resume' })).toMatchObject({ answer: { ok: false, error: { code: 'not_now' } } });
  expect(await say({ type: 'drain' })).toMatchObject({ answer: { ok: true } });
  await say({ type: 'stop' });
  expect(stops).toEqual(['drain', 'stop']);
});

test.each([
  [{ type: 'dance' }, {}, 'not_understood', 'command.type'],
  [{ type: 'pause' }, {}, 'not_understood', 'command.until'],
  [{ type: 'pause', until: -1 }, {}, 'not_understood', 'command.until'],
  [{ type: 'resume', force: true }, {}, 'not_understood', 'command'],
  [{ type: 'facts', facts: { idleSeconds: -3 } }, {}, 'not_understood', 'command.facts.idleSeconds'],
  [{ type: 'facts', facts: { mood: 'good' } }, {}, 'not_understood', 'command.facts'],
  [{ type: 'suspend', withinMs: 1e9 }, {}, 'not_understood', 'command.withinMs'],
  [{ type: 'manners', manners: { version: 9 } }, {}, 'not_understood', 'command.manners.version'],
  [{ type: 'resume' }, { v: 2 }, 'wrong_version', 'v'],
  [{ type: 'resume' }, { playfleet: 'other' }, 'not_understood', 'playfleet'],
])('a bad command is answered with what is wrong and where: %j %j', async (command, more, code, field) => {
  const { control, controlled, carriedOut, say } = rig();
  control.serve(controlled);
  const answer = await say(command, more);
  expect(answer).toMatchObject({ id: 7, answer: { ok: false, error: { code, field } } });
  expect(carriedOut).toEqual([]);
  expect(await say({ type: 'resume' })).toMatchObject({ answer: { ok: true } });
});

test('whatever comes on the channel is answered by an error, and nothing breaks', async () => {
  await fc.assert(
    fc.asyncProperty(fc.anything(), async (message) => {
      const { control, controlled, channel, clock, heard, carriedOut } = rig();
      control.serve(controlled);
      channel.hear(message);
      await clock.pass(0);
      expect(heard.at(-1)).toMatchObject({ type: 'answer', answer: { ok: false } });
      expect(carriedOut).toEqual([]);
    }),
  );
});

test('what the agent cannot do is answered with why', async () => {
  const { control, controlled, agent, say } = rig();
  control.serve(controlled);
  agent.fails = new Error('the disk is full');
  expect(await say({ type: 'resume' })).toMatchObject({
    answer: { ok: false, error: { code: 'failed', message: 'the disk is full', field: null } },
  });
});

test('an agent that cannot begin says so before it ends; a channel that is gone hears no more', () => {
  const { control, channel, heard } = rig();
  control.fail('not enrolled: the token was used');
  expect(heard.at(-1)).toMatchObject({
    status: { state: 'attention', problem: { message: 'not enrolled: the token was used' } },
  });
  channel.end();
  control.fail('again');
  expect(heard).toHaveLength(2);
  expect(agentStatus.safeParse((heard[0] as { status: unknown }).status).success).toBe(true);
});
