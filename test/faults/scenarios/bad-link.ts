/** A link that loses acknowledgements and breaks, and one that says everything twice: each result is counted once. */
import path from 'node:path';
import type { CoordinatorMessage } from '../../../shared/protocol/link.ts';
import { count, createRun, runEnded, startBehind, type Finding, type Scenario } from '../bench.ts';
import { startProxy, type Tamper } from '../link-proxy.ts';
import { writeSuite } from '../suite.ts';

const DROPPED = 0.3;
const CUT = 0.1;

export const droppedReplies: Scenario = async (bench) => {
  let [acks, dropped, cuts] = [0, 0, 0];
  const finding = await overProxy(bench, (from, text, cut) => {
    if (from === 'agent' || !text.startsWith('{"type":"ack"')) return [text];
    acks++;
    if (bench.random() < CUT) {
      cuts++;
      cut();
      return [];
    }
    if (bench.random() >= DROPPED) return [text];
    dropped++;
    // An agent that hears nothing asks again when it reconnects; a reply that is lost for good is one whose link breaks.
    cut();
    return [];
  });
  return {
    ...finding,
    acknowledged: acks,
    figures: { ...finding.figures, replies_dropped: dropped + cuts, links_cut: dropped + cuts },
  };
};

export const doubledMessages: Scenario = async (bench) => {
  let [acks, refused, doubled] = [0, 0, 0];
  const finding = await overProxy(bench, (from, text) => {
    if (from === 'coordinator') {
      const message = JSON.parse(text) as CoordinatorMessage;
      if (message.type === 'ack') acks++;
      if (message.type === 'ack' && message.result === 'refused') refused++;
      return message.type === 'welcome' ? [text] : [text, text];
    }
    if (text.startsWith('{"type":"hello"')) return [text];
    doubled++;
    return [text, text];
  });
  return {
    ...finding,
    acknowledged: acks,
    figures: { ...finding.figures, messages_doubled: doubled, refused },
    zero: [...(finding.zero ?? []), 'refused'],
  };
};

async function overProxy(bench: Parameters<Scenario>[0], tamper: Tamper): Promise<Finding> {
  const suite = await writeSuite(path.join(bench.folder, 'suite'), 6, 300);
  const coordinator = await bench.programs.startCoordinator(path.join(bench.folder, 'coordinator'));
  const proxy = await startProxy(coordinator.url, tamper);
  try {
    await startBehind(bench, coordinator, suite, { url: proxy.url, name: 'behind-proxy', slots: 2 });
    const run = await createRun(coordinator, suite);
    const final = await runEnded(coordinator, run);
    const ran = await suite.ledger();
    return {
      acknowledged: 0,
      ...(await count(coordinator, run, suite)),
      figures: {
        repeated_tests: ran.length - new Set(ran.map((entry) => entry.title)).size,
        not_completed: final.status === 'completed' ? 0 : 1,
      },
      zero: ['not_completed'],
    };
  } finally {
    await proxy.close();
  }
}
