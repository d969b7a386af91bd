import reactHooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';

/** Rules decide from what they are given: the clock, timers and chance arrive as arguments (docs/decisions/0001). */
const pureGlobals = [
  { object: 'Date', property: 'now', message: 'Take `now` as an argument or a Clock from shared/base.' },
  { object: 'Math', property: 'random', message: 'Take a random source as an argument.' },
];
const timers = ['setTimeout', 'setInterval', 'setImmediate'].map((name) => ({
  name,
  message: 'Pure code has no timers; loops take a Clock.',
}));

export default tseslint.config(
  { ignores: ['dist/', 'out/', 'node_modules/', 'resources/', '**/*.d.ts', 'test-results/'] },
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: {
          allowDefaultProject: ['*.js', '.dependency-cruiser.cjs', 'bin/*.mjs', 'scripts/*.mjs', 'docker/*.mjs'],
        },
      },
    },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/require-await': 'off',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-restricted-properties': 'off',
    },
  },
  {
    files: ['shared/**/*.ts', 'coordinator/**/rules.ts', 'coordinator/**/rules/*.ts', 'src-main/**/rules.ts'],
    ignores: ['shared/base/clock.ts'],
    rules: {
      'no-restricted-properties': ['error', ...pureGlobals],
      'no-restricted-globals': ['error', ...timers],
    },
  },
  {
    files: ['coordinator/**/*.ts', 'src-main/**/*.ts', 'shared/**/*.ts'],
    ignores: ['coordinator/config.ts', 'src-main/*/config.ts', 'src-main/agent/playwright/reporter/**'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector: "MemberExpression[object.name='process'][property.name='env']",
          message: 'Only config.ts reads the environment.',
        },
      ],
    },
  },
  {
    files: ['src-renderer/**/*.{ts,tsx}'],
    plugins: { 'react-hooks': reactHooks },
    rules: { 'react-hooks/rules-of-hooks': 'error', 'react-hooks/exhaustive-deps': 'error' },
  },
  {
    files: ['src-renderer/**/*.tsx'],
    rules: {
      'no-restricted-syntax': [
        'error',
        ...[
          'JSXText[value=/[A-Za-zÀ-ÿ]{2}/]',
          'JSXAttribute[name.name=/^(title|label|placeholder|alt|hint|description|heading|action|aria-label)$/] > Literal[value=/[A-Za-zÀ-ÿ]{2}/]',
          'JSXExpressionContainer > Literal[value=/[A-Za-zÀ-ÿ]{2} /]',
        ].map((selector) => ({ selector, message: 'What people read comes from messages.ts, in English and German.' })),
      ],
    },
  },
  { files: ['**/*.js', '**/*.mjs', '**/*.cjs'], ...tseslint.configs.disableTypeChecked },
);
