/** The faults by their numbers (docs/reliability.md): what is injected, what is expected, and the scenario that shows it. */
import type { Scenario } from './bench.ts';
import { blackHoles, oneWayPartitions, slowLine } from './scenarios/bad-lines.ts';
import { doubledMessages, droppedReplies } from './scenarios/bad-link.ts';
import { failingSync, secondProcess } from './scenarios/broken-disk.ts';
import { cancelRace } from './scenarios/cancel-race.ts';
import { jumpingClock, suspendedWorker } from './scenarios/clocks.ts';
import { coordinatorKill } from './scenarios/coordinator-kill.ts';
import { coordinatorKills } from './scenarios/coordinator-kills.ts';
import { failpoints } from './scenarios/failpoints.ts';
import { fullDisk } from './scenarios/full-disk.ts';
import { fullStore } from './scenarios/full-store.ts';
import { detachedChildren, drain } from './scenarios/long-tests.ts';
import { corruptedJournal, interruptedMerge, mergeOntoFullDisk } from './scenarios/offline-merges.ts';
import { eachStep } from './scenarios/offline-each-step.ts';
import { mergeSpeed } from './scenarios/offline-merge-speed.ts';
import { clocksApart, twoPromotions } from './scenarios/offline-promotions.ts';
import { offlineRoundTrip } from './scenarios/offline-round-trip.ts';
import { oldVersions } from './scenarios/old-versions.ts';
import { pausedCoordinator, pausedWorker } from './scenarios/pauses.ts';
import { poisonProcess, poisonTest } from './scenarios/poison-test.ts';
import { reordered } from './scenarios/reordered.ts';
import { restoreUnderLoad } from './scenarios/restore-under-load.ts';
import { schedules } from './scenarios/schedules.ts';
import { silentWorker } from './scenarios/silent-worker.ts';
import { greedyTests, starvedWorker } from './scenarios/starved.ts';
import { truncatedUpload } from './scenarios/truncated-upload.ts';
import { unsentReports } from './scenarios/unsent-reports.ts';
import { workerDetection } from './scenarios/worker-detection.ts';
import { workerKill } from './scenarios/worker-kill.ts';

export interface Fault {
  number: number;
  name: string;
  inject: string;
  expect: string;
  /** Names of the figures that tell most, in the table. */
  figures: string[];
  /** A reason, where there is nothing to inject it into. */
  run: Scenario | string;
  /** Also part of `core`. */
  core?: true;
}

export const FAULTS: readonly Fault[] = [
  {
    number: 1,
    name: 'worker-kill',
    inject: 'kill -9 of a worker in the middle of its tests',
    expect: 'they run elsewhere, finished ones are not repeated',
    figures: ['detect_ms', 'repeated_tests'],
    run: workerKill,
    core: true,
  },
  {
    number: 1,
    name: 'worker-detection',
    inject: 'kill -9 of workers, each with a running test',
    expect: 'noticed within 10 s',
    figures: ['kills', 'detect_p50_ms', 'detect_p99_ms'],
    run: workerDetection,
  },
  {
    number: 1,
    name: 'silent-worker',
    inject: 'machines vanish without closing their connections',
    expect: 'noticed within 10 s, their tests run elsewhere',
    figures: ['vanished', 'detect_p50_ms', 'detect_p99_ms'],
    run: silentWorker,
  },
  {
    number: 2,
    name: 'unsent-reports',
    inject: 'kill -9 of a worker that could not report its results',
    expect: 'its outbox delivers them after the restart',
    figures: ['untold_results', 'repeated_tests', 'delivered_ms'],
    run: unsentReports,
  },
  {
    number: 3,
    name: 'dropped-replies',
    inject: 'acknowledgements are lost after the commit, links break',
    expect: 'the same report again, the same answer, counted once',
    figures: ['replies_dropped', 'repeated_tests'],
    run: droppedReplies,
    core: true,
  },
  {
    number: 4,
    name: 'coordinator-kill',
    inject: 'kill -9 of the coordinator, ten times in a run of real tests',
    expect: 'each start resumes the run, nothing acknowledged is lost',
    figures: ['kills', 'forgotten_after_ack', 'recovery_max_ms'],
    run: coordinatorKill,
    core: true,
  },
  {
    number: 4,
    name: 'coordinator-kills',
    inject: 'kill -9 of the coordinator, 200 times while workers report',
    expect: 'the same',
    figures: ['kills', 'forgotten_after_ack', 'recovery_p50_ms', 'recovery_max_ms'],
    run: coordinatorKills,
  },
  {
    number: 5,
    name: 'failpoints',
    inject:
      'the coordinator dies at each named place: around a commit, between blob and row, in a migration, a fold, a merge',
    expect: 'nothing acknowledged is lost, what was begun is made anew',
    figures: ['failpoints_hit', 'failpoints', 'kills'],
    run: failpoints,
  },
  {
    number: 6,
    name: 'paused-worker',
    inject: 'SIGSTOP of an agent for longer than its lease, then SIGCONT',
    expect: 'its reports are refused as stale, its browsers die',
    figures: ['paused_s', 'requeued_tasks', 'zombie_ms'],
    run: pausedWorker,
  },
  {
    number: 7,
    name: 'paused-coordinator',
    inject: 'SIGSTOP of the coordinator for longer than a lease',
    expect: 'everybody gets time to come back, no lease is ended',
    figures: ['pauses', 'pause_s', 'false_expiries'],
    run: pausedCoordinator,
  },
  {
    number: 8,
    name: 'black-holes',
    inject: 'the line swallows everything for 1, 5 and 30 minutes (all times 20 times shorter)',
    expect: 'agents come back with jitter',
    figures: ['holes', 'reconnect_p50_ms', 'reconnect_p99_ms'],
    run: blackHoles,
  },
  {
    number: 9,
    name: 'one-way-partitions',
    inject: 'the line swallows one direction, each in turn',
    expect: 'one outcome per test',
    figures: ['partitions', 'duplicates', 'requeued_tasks'],
    run: oneWayPartitions,
  },
  {
    number: 10,
    name: 'slow-line',
    inject: '500 ms each way, 64 kbit/s, every 2.5 s each connection is reset with a chance of 10 %',
    expect: 'leases survive',
    figures: ['resets', 'false_expiries'],
    run: slowLine,
  },
  {
    number: 11,
    name: 'doubled-messages',
    inject: 'every message arrives twice',
    expect: 'counted once',
    figures: ['messages_doubled', 'refused'],
    run: doubledMessages,
    core: true,
  },
  {
    number: 11,
    name: 'reordered',
    inject: 'every message of agents arrives twice and in another order',
    expect: 'the same state as without',
    figures: ['messages', 'out_of_order', 'hash_mismatches'],
    run: reordered,
  },
  {
    number: 12,
    name: 'starved-worker',
    inject: 'a worker has 10 % of one processor',
    expect: 'its heartbeat survives',
    figures: ['cpu_percent', 'run_s', 'false_losses'],
    run: starvedWorker,
  },
  {
    number: 13,
    name: 'poison-test',
    inject: 'a test that kills the agent that runs it',
    expect: 'quarantined after three, all others pass',
    figures: ['workers_killed', 'innocent_quarantined'],
    run: poisonTest,
    core: true,
  },
  {
    number: 13,
    name: 'poison-process',
    inject: 'a test that kills its Playwright process',
    expect: 'quarantined after three, all others pass',
    figures: ['incidents', 'innocent_quarantined'],
    run: poisonProcess,
    core: true,
  },
  {
    number: 14,
    name: 'greedy-tests',
    inject: 'a test that takes all memory, a test that takes all processes',
    expect: 'these fail, the agent survives',
    figures: ['greedy_failed', 'agent_restarts'],
    run: greedyTests,
  },
  {
    number: 15,
    name: 'detached-children',
    inject: 'tests leave detached children, then the run is cancelled',
    expect: 'all of them are gone',
    figures: ['detached_children', 'left_over', 'gone_ms'],
    run: detachedChildren,
  },
  {
    number: 16,
    name: 'cancel-race',
    inject: 'cancels at random moments',
    expect: 'nothing begins after the answer',
    figures: ['cancels', 'late_starts', 'stop_max_ms'],
    run: cancelRace,
    core: true,
  },
  {
    number: 17,
    name: 'drain',
    inject: 'SIGTERM of a worker during a test of ten minutes (all times 20 times shorter)',
    expect: 'it ends the test, heartbeats meanwhile, then stops',
    figures: ['drain_s', 'requeued_tasks'],
    run: drain,
  },
  {
    number: 18,
    name: 'suspended-worker',
    inject: 'an agent and all that it started stand still, its clock jumps by 2 h',
    expect: 'it asks before it goes on',
    figures: ['requeued_tasks', 'stale_actions', 'zombie_ms'],
    run: suspendedWorker,
  },
  {
    number: 19,
    name: 'jumping-clock',
    inject: "the coordinator's clock jumps by a day, forth and back, and runs ten times too fast",
    expect: 'leases are unaffected',
    figures: ['jumps', 'wrong_expiries', 'expiry_after_jump_back_ms'],
    run: jumpingClock,
  },
  {
    number: 20,
    name: 'schedules',
    inject: 'scheduled backups and the hours of a worker across changes of daylight saving time and 29 February',
    expect: 'each time once, none early',
    figures: ['due', 'missed', 'doubled', 'early'],
    run: schedules,
  },
  {
    number: 21,
    name: 'full-disk',
    inject: "the coordinator's disk is full for a while",
    expect: '507, reads go on, nothing acknowledged is lost',
    figures: ['answer_when_full', 'recovery_ms'],
    run: fullDisk,
    core: true,
  },
  {
    number: 22,
    name: 'full-store',
    inject: 'the disk of the artifacts is full for a while',
    expect: 'results are kept, uploads come when there is room',
    figures: ['attachments', 'uploaded_while_full', 'lost_artifacts'],
    run: fullStore,
  },
  {
    number: 23,
    name: 'failing-sync',
    inject: 'fsync of the coordinator fails with EIO',
    expect: 'no acknowledgement',
    figures: ['failed_syncs', 'acknowledged_while_failing', 'acked_minus_stored'],
    run: failingSync,
  },
  {
    number: 24,
    name: 'truncated-upload',
    inject: 'uploads are cut short, changed on the way, or longer than said',
    expect: '422, nothing is left of them',
    figures: ['uploads', 'bad_accepted', 'temporary_files_left'],
    run: truncatedUpload,
    core: true,
  },
  {
    number: 25,
    name: 'second-process',
    inject: 'a second coordinator with the same data, then another program locks the database',
    expect: 'the second refuses; no acknowledgement while locked',
    figures: ['second_refused', 'acknowledged_while_locked', 'acked_minus_stored'],
    run: secondProcess,
  },
  {
    number: 26,
    name: 'restore-under-load',
    inject: 'the machine of the coordinator is gone under load, its newest backup is restored elsewhere',
    expect: 'all that was acknowledged before the backup is there, the rest is run again',
    figures: [
      'restores',
      'rpo_max_ms',
      'rto_p50_ms',
      'rto_max_ms',
      'restore_max_ms',
      'blocked_max_ms',
      'stale_reports',
    ],
    run: restoreUnderLoad,
    core: true,
  },
  {
    number: 27,
    name: 'old-versions',
    inject: 'agents one protocol older and newer, an older coordinator, kills within each migration',
    expect: 'they agree on the older protocol; the next start resumes',
    figures: ['pairs', 'failed_pairs', 'migrations_killed'],
    run: oldVersions,
  },
  {
    number: 28,
    name: 'offline:round-trip',
    inject:
      'central is lost in the middle of two runs, a machine is promoted, is killed in two runs of its own; all is brought home, both are killed, all is brought again, twice, reversed, and to a restored central',
    expect: 'each run counts once, both sides are equal, whatever came how often',
    figures: [
      'tests_each_side',
      'ready_ms',
      'switched_ms',
      'brought_ms',
      'batches',
      'stored_again',
      'hash_differences',
    ],
    run: offlineRoundTrip,
  },
  {
    number: 28,
    name: 'offline:interrupted',
    inject: 'kill -9 of both sides again and again during one merge',
    expect: 'it goes on where it was',
    figures: ['tests', 'deaths_of_central', 'deaths_of_promoted', 'hash_differences'],
    run: interruptedMerge,
  },
  {
    number: 28,
    name: 'offline:each-step',
    inject:
      'kill -9 before and behind each commit and each file of a merge, on either side, each time from the beginning',
    expect: 'it goes on where it was, and ends the same',
    figures: ['tests', 'merges', 'deaths_of_central', 'deaths_of_promoted', 'files_lost', 'hash_differences'],
    run: eachStep,
  },
  {
    number: 28,
    name: 'offline:corrupted-journal',
    inject: 'batches of a merge are changed, cut short, out of the future, or of somebody else',
    expect: 'refused, nothing of them is stored',
    figures: ['spoilt_batches', 'spoilt_taken', 'changed_by_them'],
    run: corruptedJournal,
  },
  {
    number: 28,
    name: 'offline:full-disk',
    inject: "central's disk is full when everything comes home",
    expect: 'it waits, no run is there by halves, and it goes on when there is room',
    figures: ['requests_while_full', 'half_runs_while_full', 'hash_differences'],
    run: mergeOntoFullDisk,
  },
  {
    number: 28,
    name: 'offline:clocks',
    inject: 'two promoted machines, the clock of one a day behind, of the other a day ahead',
    expect: 'the same as with right clocks',
    figures: ['tests_each_side', 'mixed_runs', 'hash_differences'],
    run: clocksApart,
  },
  {
    number: 28,
    name: 'offline:merge-speed',
    inject: '10,000 results are brought home while central hands out 200 tasks a second',
    expect: 'within 10 s, and others wait at most twice as long at the 99th percentile',
    figures: ['in_place_s', 'verified_s', 'p99_quiet_ms', 'p99_merging_ms', 'p99_ratio'],
    run: mergeSpeed,
  },
  {
    number: 29,
    name: 'offline:two-promotions',
    inject: 'two machines are promoted at once',
    expect: 'two origins, no run is mixed with another',
    figures: ['tests_each_side', 'origins', 'mixed_runs', 'ready_max_ms', 'hash_differences'],
    run: twoPromotions,
  },
];
