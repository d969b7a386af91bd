/** What an event says, in a sentence. */
import type { FleetEvent } from '../../shared/protocol/events.ts';
import { runLabel } from '../../shared/model/run-label.ts';
import type { Translate } from '../ui/i18n.ts';
import type { eventMessages } from './event-messages.ts';

type Say = Translate<(typeof eventMessages)['en']>;

/** `reason` behind the sentence where there is one. */
const because = (text: string, reason: string | null): string =>
  reason === null || reason === '' ? text : `${text}: ${reason}`;

export function eventText(event: FleetEvent, t: Say): string {
  switch (event.type) {
    case 'run.created':
      return t('runCreated', {
        number: `#${runLabel(event.data.number)}`,
        name: event.data.name,
        by: event.data.created_by,
      });
    case 'run.merged':
      return t('runMerged', { number: `#${event.data.label}`, name: event.data.name, origin: event.data.origin });
    case 'run.state':
      return because(
        t('runState', { from: event.data.from, to: event.data.outcome ?? event.data.to }),
        event.data.reason,
      );
    case 'run.reason':
      return event.data.reason ?? t('runServed');
    case 'run.group':
      return because(t('runGroup', { name: event.data.name, state: event.data.state }), event.data.reason);
    case 'run.waiting':
      return event.data.reason ?? t('runGoesOn');
    case 'run.deadline':
      return t('runDeadline', { state: event.data.state.replace('_', ' ') });
    case 'run.planned':
      return t('runPlanned', { tests: event.data.tests_total, tasks: event.data.tasks_total });
    case 'run.error':
      return event.data.message;
    case 'report.state':
      return because(t('reportState', { state: event.data.state }), event.data.message);
    case 'results':
      return resultsText(event.data.settled, t);
    case 'task.granted':
      return t('taskGranted', {
        worker: event.data.worker,
        kind: event.data.kind,
        n: event.data.tests,
        attempt: event.data.attempt,
      });
    case 'task.started':
      return t('taskStarted');
    case 'task.split':
      return t('taskSplit', { n: event.data.tests });
    case 'task.raced':
      return t('taskRaced', { n: event.data.tests, worker: event.data.to_worker });
    case 'task.finished':
      return because(t('taskFinished', { state: event.data.state }), event.data.reason);
    case 'task.requeued':
      return because(t('taskRequeued', { ended: event.data.ended }), event.data.reason);
    case 'task.cancelled':
      return because(t('taskCancelled'), event.data.reason);
    case 'task.escalated':
      return because(t('taskEscalated', { step: event.data.step.replace('_', ' ') }), event.data.why);
    case 'test.quarantined':
      return because(t('testQuarantined', { title: event.data.title }), event.data.todo);
    case 'worker.enrolled':
      return t('workerEnrolled', { worker: event.data.worker, slots: event.data.slots });
    case 'worker.online':
      return t('workerOnline', { worker: event.data.worker, slots: event.data.slots });
    case 'worker.offline':
      return because(t('workerOffline', event.data), event.data.reason);
    case 'worker.intent':
      return because(t('workerIntent', { worker: event.data.worker, intent: event.data.intent }), event.data.reason);
    case 'worker.changed':
      return t('workerChanged', { worker: event.data.worker, fields: event.data.fields.join(', ') });
    case 'worker.breaker':
      return because(
        t('workerBreaker', { worker: event.data.worker, state: event.data.state.replace('_', ' ') }),
        event.data.reason,
      );
    case 'worker.removed':
      return because(t('workerRemoved', event.data), event.data.reason);
    case 'settings.changed':
      return t('settingsChanged', { by: event.data.by, keys: event.data.keys.join(', ') });
    case 'scheduling.changed':
      return t('schedulingChanged', event.data);
    case 'backup.done':
      return t('backupDone', { backup: event.data.backup });
    case 'backup.failed':
      return because(t('backupFailed'), event.data.detail);
    case 'coordinator.restored':
      return t('coordinatorRestored', { backup: event.data.backup });
    case 'coordinator.load':
      return because(t('coordinatorLoad', { from: event.data.from, to: event.data.to }), event.data.reasons.join('; '));
    case 'tests.running':
      return event.data.running.map(({ title }) => title).join(', ');
    case 'run.log':
      return event.data.text;
  }
}

type Settled = Extract<FleetEvent, { type: 'results' }>['data']['settled'];

function resultsText(settled: Settled, t: Say): string {
  const count = (outcome: Settled[number]['outcome']) => settled.filter((test) => test.outcome === outcome).length;
  const failed = settled.filter((test) => test.outcome === 'unexpected');
  const text = (['expected', 'unexpected', 'flaky', 'skipped'] as const)
    .map((outcome) => [outcome, count(outcome)] as const)
    .filter(([, n]) => n > 0)
    .map(([outcome, n]) => t(outcome, { n }))
    .join(', ');
  const first = failed[0];
  return first === undefined ? text : `${text}: ${first.title}`;
}
