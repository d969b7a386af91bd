/** The pages of the dashboard, as paths with `:parameters`: the coordinator answers them, the dashboard's router knows them (a test compares). */
export const DASHBOARD_PAGES = [
  '/',
  '/launch',
  '/runs',
  '/runs/:run',
  '/runs/:run/tests/:test',
  '/compare',
  '/workers',
  '/workers/:worker',
  '/analytics',
  '/logs',
  '/settings',
  '/people',
  '/audit',
  '/setup',
  '/this-computer',
] as const;
