// `shoal status`: how the daemon's torrents stand.

import { printable, quoted } from '../../base/printable.ts';
import { formatRate, formatSize } from '../../base/quantity.ts';
import type { COMMON, CommandRun } from '../command.ts';
import { chooseTorrents, connectDaemon } from '../daemon-access.ts';
import { tellTorrents } from '../render/status-view.ts';

export const run: CommandRun<'state' | 'label' | (typeof COMMON)[number]> = async (context, settings, words) => {
  const { output, environment } = context;
  const client = await connectDaemon(settings, environment);
  const rows = await chooseTorrents(client, words.length === 0 ? ['all'] : words);
  const { label } = settings;
  const chosen = label === undefined ? rows : rows.filter(({ labels }) => label.some((each) => labels.includes(each)));
  if (chosen.length === 0 && rows.length > 0)
    output.say(`No torrent has the label ${label!.map(quoted).join(' or ')}.`);
  else tellTorrents(output, chosen);
  if (words.length > 0) return;
  const session = await client.session({});
  output.event('daemon', { ...session, url: client.url });
  const { down, up, free, downloads } = session;
  output.say(`down ${formatRate(down)}, up ${formatRate(up)}; ${formatSize(free)} free in ${printable(downloads)}`);
};
