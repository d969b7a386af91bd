/**
 * Electron's fuses as our packages are built with: switches in the binary that nobody can set back by flags or variables. Data only, so that
 * packaging, the self-check at start and the tests read the same list.
 */
export const FUSES = {
  /** The app's binary is no Node for others to run scripts with; our own children run on the Node that is shipped beside it. */
  RunAsNode: false,
  EnableCookieEncryption: true,
  /** NODE_OPTIONS could load code into the app. */
  EnableNodeOptionsEnvironmentVariable: false,
  /** --inspect lets any local program in. */
  EnableNodeCliInspectArguments: false,
  EnableEmbeddedAsarIntegrityValidation: true,
  OnlyLoadAppFromAsar: true,
  LoadBrowserProcessSpecificV8Snapshot: false,
  /** The page comes by our own scheme; files get no rights beyond a file's. */
  GrantFileProtocolExtraPrivileges: false,
} as const;
