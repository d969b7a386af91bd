/** What those who end grants badly need to know beyond the grant. */
import type { SettingValues } from '../settings/registry.ts';
import type { BreakerRules } from './rules/breaker.ts';

export interface FailureRules {
  breaker: BreakerRules;
  /** In how many losses and crashes a test may be running before it is quarantined. */
  poisonLimit: number;
}

export interface FailureContext {
  rules: FailureRules;
  /** Tests that were last seen to run in a grant. */
  running: (fence: number) => readonly string[];
}

export function failureRules(settings: Readonly<SettingValues>): FailureRules {
  return {
    poisonLimit: settings.poison_test_limit,
    breaker: {
      failuresInRow: settings.breaker_failures_in_row,
      failurePercent: settings.breaker_failure_percent,
      windowMs: settings.breaker_window_seconds * 1000,
      coolDownMs: settings.breaker_cooldown_seconds * 1000,
      coolDownLimitMs: settings.breaker_cooldown_limit_seconds * 1000,
    },
  };
}
