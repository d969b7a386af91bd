/** What service managers read: pure text from a description of the worker's start. */

export interface ServiceSpec {
  /** Absolute path of the Node that runs it, and of playfleet's own file. */
  node: string;
  program: string;
  /** Behind `playfleet worker`. Never a token: what is written here can be read by others. */
  args: string[];
  /** Where the worker keeps its data; its log goes there where the service manager keeps none. */
  dataDir: string;
  /** PATH of the one who installs it: git and package managers are found there. */
  path: string;
  /** Seconds that running tests may take after a stop. */
  drainSeconds: number;
  /** For the whole machine, started at boot; otherwise for the one user. */
  scope: 'user' | 'system';
}

export const SERVICE_NAME = 'playfleet-worker';
export const LAUNCHD_LABEL = 'dev.playfleet.worker';
/** After the time to drain: for giving back what runs and for the last answers. */
const STOP_EXTRA_SECONDS = 60;
/** The coordinator does not accept this worker (errors.ts): starting it again would not help. */
const REFUSED = 3;

const commandOf = ({ node, program, args }: ServiceSpec): string[] => [node, program, 'worker', ...args];

/** A systemd unit. Only the worker itself gets the signal, so that what runs can finish; what is left when it has ended is killed. */
export function systemdUnit(spec: ServiceSpec): string {
  return `[Unit]
Description=Playfleet worker: runs Playwright tests for a coordinator
Wants=network-online.target
After=network-online.target

[Service]
ExecStart=${commandOf(spec).map(systemdWord).join(' ')}
Environment=${systemdWord(`PATH=${spec.path}`)}
Restart=on-failure
RestartSec=10
RestartPreventExitStatus=${REFUSED}
KillMode=mixed
TimeoutStopSec=${spec.drainSeconds + STOP_EXTRA_SECONDS}

[Install]
WantedBy=${spec.scope === 'system' ? 'multi-user.target' : 'default.target'}
`;
}

/** Quotes what systemd would take apart or replace: blanks, quotes, backslashes, `%` and `$`. */
function systemdWord(word: string): string {
  const escaped = word.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('%', '%%').replaceAll('$', '$$$$');
  return `"${escaped}"`;
}

/** A launchd property list. launchd starts it again after every end that is not a success. */
export function launchdPlist(spec: ServiceSpec): string {
  const log = `${spec.dataDir}/worker.log`;
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>Label</key>
  <string>${LAUNCHD_LABEL}</string>
  <key>ProgramArguments</key>
  <array>
${commandOf(spec)
  .map((word) => `    <string>${xml(word)}</string>`)
  .join('\n')}
  </array>
  <key>EnvironmentVariables</key>
  <dict>
    <key>PATH</key>
    <string>${xml(spec.path)}</string>
  </dict>
  <key>RunAtLoad</key>
  <true/>
  <key>KeepAlive</key>
  <dict>
    <key>SuccessfulExit</key>
    <false/>
  </dict>
  <key>ThrottleInterval</key>
  <integer>10</integer>
  <key>ExitTimeOut</key>
  <integer>${spec.drainSeconds + STOP_EXTRA_SECONDS}</integer>
  <key>StandardOutPath</key>
  <string>${xml(log)}</string>
  <key>StandardErrorPath</key>
  <string>${xml(log)}</string>
</dict>
</plist>
`;
}

function xml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/**
 * Commands for an administrator's PowerShell. Windows' own service manager starts only programs written for it, which Node is not; NSSM
 * is such a program and starts any other. Its console stop (Ctrl-C) is what the worker drains on.
 */
export function windowsCommands(spec: ServiceSpec): string {
  const name = 'PlayfleetWorker';
  const [node = '', ...rest] = commandOf(spec);
  const stopMs = (spec.drainSeconds + STOP_EXTRA_SECONDS) * 1000;
  const log = `${spec.dataDir}\\worker.log`;
  return [
    '# With NSSM (https://nssm.cc) on the PATH. These commands were not tried by the makers of this version on a Windows machine.',
    `nssm install ${name} ${powershellWord(node)} ${rest.map(powershellWord).join(' ')}`,
    `nssm set ${name} AppStdout ${powershellWord(log)}`,
    `nssm set ${name} AppStderr ${powershellWord(log)}`,
    `nssm set ${name} AppStopMethodConsole ${stopMs}`,
    `nssm set ${name} AppExit ${REFUSED} Exit`,
    `nssm start ${name}`,
    '',
    '# To remove it again:',
    `nssm stop ${name}`,
    `nssm remove ${name} confirm`,
    '',
  ].join('\n');
}

function powershellWord(word: string): string {
  return `'${word.replaceAll("'", "''")}'`;
}
