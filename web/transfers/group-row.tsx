// The head of a group in the list: its name, how many there are, their rates together. Folds the group.

import { formatRate } from '../../src/base/quantity.ts';
import { Icon } from '../app/icons.tsx';
import type { GroupItem, GroupName } from '../data/feed-messages.ts';
import { prefer, preferences } from '../data/preferences.ts';

const TITLES: Readonly<Record<GroupName, string>> = {
  failed: 'Failed',
  downloading: 'Downloading',
  seeding: 'Seeding',
  stopped: 'Stopped',
};

export function GroupRow({ item, place }: { item: GroupItem; place: number }) {
  const { group, count, folded, down, up } = item;
  return (
    <div role="row" class="group" aria-rowindex={place}>
      <div role="gridcell" class="group-cell">
        <button type="button" aria-expanded={!folded} onClick={() => fold(group)}>
          <Icon name="fold" />
          {TITLES[group]} <span class="quiet">{count}</span>
        </button>
        <span class="quiet small number">
          {[down > 0 ? `${formatRate(down)} down` : '', up > 0 ? `${formatRate(up)} up` : '']
            .filter(Boolean)
            .join(', ')}
        </span>
      </div>
    </div>
  );
}

function fold(group: GroupName): void {
  const { folded } = preferences.get();
  prefer({ folded: folded.includes(group) ? folded.filter((each) => each !== group) : [...folded, group] });
}
