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

/** The account that Windows gives to services that reach other machines: no password, no administrator, no window. */
export const WINDOWS_ACCOUNT = 'S-1-5-20';
export const WINDOWS_TASK = '\\Playfleet\\Worker';

/**
 * A task for Windows' Task Scheduler, to be registered from UTF-16. Windows' service manager starts only programs written for it, which Node
 * is not (docs/decisions/0025). It begins with the machine and with its registration, and again within a minute after any end.
 */
export function windowsTask(spec: ServiceSpec): string {
  const [node = '', ...rest] = commandOf(spec);
  const begin = `
      <Repetition>
        <Interval>PT1M</Interval>
        <StopAtDurationEnd>false</StopAtDurationEnd>
      </Repetition>
      <Enabled>true</Enabled>`;
  return `<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.3" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo>
    <Description>Playfleet worker: runs Playwright tests for a coordinator</Description>
  </RegistrationInfo>
  <Triggers>
    <BootTrigger>${begin}
    </BootTrigger>
    <RegistrationTrigger>${begin}
    </RegistrationTrigger>
  </Triggers>
  <Principals>
    <Principal id="worker">
      <UserId>${WINDOWS_ACCOUNT}</UserId>
      <RunLevel>LeastPrivilege</RunLevel>
    </Principal>
  </Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <StartWhenAvailable>true</StartWhenAvailable>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
  </Settings>
  <Actions Context="worker">
    <Exec>
      <Command>${xml(node)}</Command>
      <Arguments>${xml(rest.map(windowsWord).join(' '))}</Arguments>
      <WorkingDirectory>${xml(spec.dataDir)}</WorkingDirectory>
    </Exec>
  </Actions>
</Task>
`;
}

/** As programs on Windows take their command line apart: backslashes count before quotes only. */
function windowsWord(word: string): string {
  return `"${word.replace(/(\\*)"/g, '$1$1\\"').replace(/(\\+)$/, '$1$1')}"`;
}

/**
 * Why a service cannot start `program` (absolute) again later, with what to do; null where it can. Apps that run from an image lie in a
 * folder that ends with them.
 */
export function whyFleeting(program: string): string | null {
  const folder = program.replaceAll('\\', '/');
  if (folder.includes('/.mount_')) {
    return 'this Playfleet runs from an AppImage, whose files are gone when it ends: install the .deb, or unpack the headless archive';
  }
  if (folder.includes('/AppTranslocation/') || folder.startsWith('/Volumes/')) {
    return 'this Playfleet runs from its disk image: move it to Applications, and start it from there';
  }
  return null;
}
