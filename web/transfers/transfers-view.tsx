// The transfers: the list, and below it the details of the one that is looked at; on a narrow screen one or the other.

import { useEffect, useState } from 'preact/hooks';
import { useRoute } from '../app/route.ts';
import { useTorrent } from '../data/feed.ts';
import { Detail } from '../detail/detail.tsx';
import { Split } from '../list/split.tsx';
import { TransferList } from './transfer-list.tsx';

const narrowScreen = matchMedia('(max-width: 719px)');

export function TransfersView() {
  const current = useRoute(({ path }) => path[1]);
  const row = useTorrent(current);
  const [narrow, setNarrow] = useState(narrowScreen.matches);
  useEffect(() => {
    const look = (): void => setNarrow(narrowScreen.matches);
    narrowScreen.addEventListener('change', look);
    return () => narrowScreen.removeEventListener('change', look);
  }, []);
  const detail = row === undefined ? null : <Detail key={row.infoHash} row={row} narrow={narrow} />;
  if (narrow && detail !== null) return detail;
  return <Split upper={<TransferList current={current} narrow={narrow} />} lower={detail} />;
}
