/** Turns a letter into the subject, plain text and HTML of a mail. Nothing in it is loaded from elsewhere. */
import type { Language, Letter } from './letters.ts';
import { FRAME, TEXTS, type Words } from './texts.ts';

export interface Content {
  subject: string;
  text: string;
  html: string;
}

export function render(letter: Letter, language: Language): Content {
  const { subject, paragraphs, action } = wordsOf(letter, language);
  const { greeting, orCopy, footer } = FRAME[language];
  const hello = greeting(letter.to.name);
  const text = [hello, ...paragraphs, ...(action ? [`${action.label}:\n${action.link}`] : []), `-- \n${footer}`];
  const body = [hello, ...paragraphs].map((one) => `<p>${escaped(one)}</p>`);
  if (action) body.push(button(action), `<p class="s">${escaped(orCopy)}<br>${escaped(action.link)}</p>`);
  body.push(`<p class="s">${escaped(footer)}</p>`);
  return { subject, text: text.join('\n\n') + '\n', html: page(language, subject, body.join('\n')) };
}

function wordsOf<K extends Letter['kind']>(letter: Extract<Letter, { kind: K }>, language: Language): Words {
  return (TEXTS[language][letter.kind] as (data: typeof letter.data) => Words)(letter.data);
}

const button = ({ label, link }: { label: string; link: string }): string =>
  `<p><a class="b" href="${escaped(link)}">${escaped(label)}</a></p>`;

const page = (language: Language, title: string, body: string): string => `<!doctype html>
<html lang="${language}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escaped(title)}</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; color: #1d2433; max-width: 560px; margin: 24px auto; padding: 0 16px; }
.b { display: inline-block; padding: 10px 18px; border-radius: 6px; background: #2457d6; color: #fff; text-decoration: none; }
.s { color: #5b6475; font-size: 13px; overflow-wrap: anywhere; }
</style></head>
<body>
${body}
</body>
</html>
`;

const SIGNS: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escaped = (text: string): string => text.replace(/[&<>"']/g, (sign) => SIGNS[sign] ?? sign);
