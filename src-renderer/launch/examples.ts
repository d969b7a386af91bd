/** What fields show while they are empty: things of code, the same in every language. */
export const EXAMPLES = {
  environment: 'staging',
  baseUrl: 'https://staging.example.com',
  tag: 'nightly',
  arguments: '--max-failures=10',
  config: 'playwright.config.ts',
  project: 'shop',
  git: 'https://git.example.com/shop.git',
  ref: 'main',
  path: '/srv/shop',
  grep: '@smoke',
  file: 'cart.spec.ts',
  workerTag: 'gpu',
} as const;
