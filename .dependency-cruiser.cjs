/**
 * The rooms and what they may touch (DESIGN: folders; docs/decisions/0001). Inside the coordinator, rooms stand on floors: a room may use
 * rooms below it, never beside or above it.
 */
const floors = [
  ['storage'],
  ['http', 'events', 'audit', 'load'],
  ['identity', 'mail', 'people', 'workers', 'joining', 'projects', 'artifacts', 'settings', 'policies'],
  ['runs'],
  ['dispatch'],
  ['results'],
  ['reports', 'operations', 'updates', 'merge', 'backups', 'analytics', 'launch'],
  ['offline'],
];

const room = (names) => `^coordinator/(${names.join('|')})/`;

/** One rule per floor: nothing on it imports from a higher floor. */
const noWayUp = floors.slice(0, -1).map((rooms, floor) => ({
  name: `no-way-up-from-${rooms.join('-')}`,
  severity: 'error',
  from: { path: room(rooms) },
  to: { path: room(floors.slice(floor + 1).flat()) },
}));

module.exports = {
  forbidden: [
    {
      name: 'no-circles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-unresolved',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^(electron|cloudflare:)' },
    },
    ...noWayUp,
    {
      name: 'rooms-are-wired-outside',
      comment: 'Only main.ts and wiring/ wire; rooms do not know the program around them.',
      severity: 'error',
      from: { path: '^coordinator/[^/]+/', pathNot: '^coordinator/wiring/' },
      to: { path: '^coordinator/(main|config)\\.ts$' },
    },
    {
      name: 'wiring-is-for-main',
      severity: 'error',
      from: { pathNot: '^coordinator/(main\\.ts$|wiring/)' },
      to: { path: '^coordinator/wiring/' },
    },
    {
      name: 'parts-are-ordered-in-main',
      comment: 'A part of the wiring takes what another made, as an argument; which comes first, main.ts says.',
      severity: 'error',
      from: { path: '^coordinator/wiring/(data|access|engine|background|content)\\.ts$' },
      to: {
        path: '^coordinator/(main|wiring/(?!start))',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'shared-stands-alone',
      severity: 'error',
      from: { path: '^shared/' },
      to: { path: '^(coordinator|src-main|src-renderer|test|scripts)/' },
    },
    {
      name: 'shared-runs-anywhere',
      comment: 'The dashboard uses it too: no Node modules, no packages but zod.',
      severity: 'error',
      from: { path: '^shared/' },
      to: { dependencyTypes: ['core', 'npm'], pathNot: 'node_modules/zod/' },
    },
    {
      name: 'coordinator-knows-no-agent',
      severity: 'error',
      from: { path: '^coordinator/' },
      to: { path: '^(src-main|src-renderer|test|scripts)/' },
    },
    {
      name: 'agent-knows-no-coordinator',
      severity: 'error',
      from: { path: '^src-main/(agent|bundle|transfer|git|command|joining|updater)/' },
      to: { path: '^(coordinator|src-renderer|src-main/(cli|desktop)|test|scripts)/' },
    },
    {
      name: 'cli-starts-programs-only',
      comment: 'The cli starts a coordinator; its rooms are for the API.',
      severity: 'error',
      from: { path: '^src-main/cli/' },
      to: { path: '^coordinator/[^/]+/|^(src-renderer|src-main/desktop|test|scripts)/' },
    },
    {
      name: 'renderer-uses-shared-only',
      severity: 'error',
      from: { path: '^src-renderer/' },
      to: { path: '^(coordinator|src-main|test|scripts)/' },
    },
    {
      name: 'pages-stand-alone',
      comment: 'A page of the dashboard uses fleet/, parts/ and ui/, never another page.',
      severity: 'error',
      from: { path: '^src-renderer/(?!app/)([^/]+)/' },
      to: { path: '^src-renderer/', pathNot: '^src-renderer/(fleet|parts|ui|$1)/' },
    },
    {
      name: 'components-know-no-fleet',
      severity: 'error',
      from: { path: '^src-renderer/ui/' },
      to: { path: '^(src-renderer|shared)/', pathNot: '^(src-renderer/ui|shared/base)/' },
    },
    {
      name: 'fleet-draws-nothing',
      severity: 'error',
      from: { path: '^src-renderer/fleet/' },
      to: { path: '^src-renderer/', pathNot: '^src-renderer/fleet/' },
    },
    {
      name: 'dashboard-loads-no-schemas',
      comment: 'zod would be a third of what the dashboard loads first: of the protocol, it uses types.',
      severity: 'error',
      from: { path: '^src-renderer/' },
      to: { path: '^shared/protocol/|node_modules/zod/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'electron-only-in-desktop',
      severity: 'error',
      from: { pathNot: '^src-main/desktop/' },
      to: { path: '(^|node_modules/)electron($|/)' },
    },
    {
      name: 'desktop-knows-without-electron',
      comment:
        'What the app knows and decides runs on plain Node; electron/ draws it, main.ts and preload.ts hand Electron in.',
      severity: 'error',
      from: { path: '^src-main/desktop/(core|keep|page|parts|rules)/' },
      to: { path: '(^|node_modules/)electron($|/)|^src-main/desktop/(electron/|main\\.ts|preload\\.ts|config\\.ts)' },
    },
    {
      name: 'desktop-serves-pages-only',
      comment: 'Of the coordinator, the app takes the pages; the rest runs in a process of its own.',
      severity: 'error',
      from: { path: '^src-main/desktop/' },
      to: { path: '^coordinator/', pathNot: '^coordinator/(operations/pages/|http/(env|refusal)\\.ts)' },
    },
    {
      name: 'rules-are-pure',
      comment:
        'Rules decide from their arguments: of Node only what computes (parsing addresses, joining paths, hashing), no effects.',
      severity: 'error',
      from: { path: '(^|/)rules(\\.ts$|/)' },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?(net|path|crypto)$' },
    },
    {
      name: 'reporters-are-light',
      comment: "They load into the suite's own Playwright process: no packages.",
      severity: 'error',
      from: { path: '^src-main/agent/playwright/reporter/' },
      to: { dependencyTypes: ['npm'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '\\.(sql|css)$' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
