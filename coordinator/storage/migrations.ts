/** The migrations of this version, in order. A released file is never changed: a change is a new file at the end. */
import core from './migrations/0001-core.sql';
import fewerEventIndexes from './migrations/0002-fewer-event-indexes.sql';
import roles from './migrations/0003-roles.sql';
import stealing from './migrations/0004-stealing.sql';
import audit from './migrations/0005-audit.sql';
import failures from './migrations/0006-failures.sql';
import chargedRetries from './migrations/0007-charged-retries.sql';
import races from './migrations/0008-races.sql';
import dependencies from './migrations/0009-dependencies.sql';
import scheduling from './migrations/0010-scheduling.sql';
import people from './migrations/0011-people.sql';
import teams from './migrations/0012-teams.sql';
import secrets from './migrations/0013-secrets.sql';
import trust from './migrations/0014-trust.sql';
import analytics from './migrations/0015-analytics.sql';
import launch from './migrations/0016-launch.sql';
import testOrder from './migrations/0017-test-order.sql';
import mailsAndKeys from './migrations/0018-mails-and-keys.sql';
import testsPlace from './migrations/0019-tests-place.sql';
import joinCodes from './migrations/0020-join-codes.sql';
import updates from './migrations/0021-updates.sql';
import merging from './migrations/0022-merging.sql';
import warmCopies from './migrations/0023-warm-copies.sql';
import backups from './migrations/0024-backups.sql';
import ownTags from './migrations/0025-own-tags.sql';
import type { Migration } from './migrate.ts';

export const migrations: readonly Migration[] = [
  { version: 1, name: 'core', sql: core },
  { version: 2, name: 'fewer-event-indexes', sql: fewerEventIndexes },
  { version: 3, name: 'roles', sql: roles },
  { version: 4, name: 'stealing', sql: stealing },
  { version: 5, name: 'audit', sql: audit },
  { version: 6, name: 'failures', sql: failures },
  { version: 7, name: 'charged-retries', sql: chargedRetries },
  { version: 8, name: 'races', sql: races },
  { version: 9, name: 'dependencies', sql: dependencies },
  { version: 10, name: 'scheduling', sql: scheduling },
  { version: 11, name: 'people', sql: people },
  { version: 12, name: 'teams', sql: teams },
  { version: 13, name: 'secrets', sql: secrets },
  { version: 14, name: 'trust', sql: trust },
  { version: 15, name: 'analytics', sql: analytics },
  { version: 16, name: 'launch', sql: launch },
  { version: 17, name: 'test-order', sql: testOrder },
  { version: 18, name: 'mails-and-keys', sql: mailsAndKeys },
  { version: 19, name: 'tests-place', sql: testsPlace },
  { version: 20, name: 'join-codes', sql: joinCodes },
  { version: 21, name: 'updates', sql: updates },
  { version: 22, name: 'merging', sql: merging },
  { version: 23, name: 'warm-copies', sql: warmCopies },
  { version: 24, name: 'backups', sql: backups },
  { version: 25, name: 'own-tags', sql: ownTags },
];
