/** Changes a worker's list of coordinators six times, as commands do while an agent runs. */
import { FIRST } from '../../../src-main/agent/coordinators/folders.ts';
import { changeStandIns } from '../../../src-main/agent/coordinators/remembered.ts';
import { workFor } from '../../../src-main/agent/coordinators/stand-ins.ts';

const [root = '', name = ''] = process.argv.slice(2);
for (let n = 0; n < 6; n++) {
  const origin = `${name}-${n}`;
  const statement = { claims: '{}', signature: 's'.repeat(86) };
  const away = { origin, name, url: 'https://desk:4800', pin: 'pfp_x', statement, since: n };
  changeStandIns(root, FIRST, (before) => workFor(before, away));
}
