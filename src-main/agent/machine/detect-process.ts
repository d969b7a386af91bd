/**
 * Asks systeminformation about this machine and prints the answer as JSON. A process of its own, because the library and what it loads
 * would stay in the agent's memory for ever, and its programs can hang.
 */
import si from 'systeminformation';

/** What detect-process prints. */
export interface Detected {
  platformVersion: string;
  cpuModel: string;
  displays: number;
  /** Readable by every user of the machine, so that agents of two users agree. */
  identity: string[];
}

const [os, cpu, graphics, uuid, system, board] = await Promise.all([
  si.osInfo(),
  si.cpu(),
  si.graphics(),
  si.uuid(),
  si.system(),
  si.baseboard(),
]);
const detected: Detected = {
  platformVersion: [os.distro, os.release].filter((part) => part !== '').join(' '),
  cpuModel: [cpu.manufacturer, cpu.brand].filter((part) => part !== '').join(' '),
  displays: graphics.displays.length,
  // Serial numbers are for root alone on Linux; the system's own id is not.
  identity: [uuid.os, system.manufacturer, system.model, board.model, cpu.brand].map((part) => part ?? ''),
};
process.stdout.write(JSON.stringify(detected));
