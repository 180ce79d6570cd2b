// The search field: what is typed filters the transfers at once; a link that is pasted can be added from here.

import { Icon } from './icons.tsx';
import { attempt } from './notices.tsx';
import { searchText } from './search.ts';
import './search-field.css';
import { addSource, sourceOf } from '../add/source.ts';
import { go } from './route.ts';

export function SearchField() {
  const text = searchText.use();
  const source = sourceOf(text);
  const add = async (): Promise<void> => {
    if (source === undefined) return;
    searchText.set('');
    const added = addSource(source, {});
    if (await attempt(added.then(() => undefined))) go(['transfers', (await added).torrent.infoHash]);
  };
  const onKeyDown = (event: KeyboardEvent & { currentTarget: HTMLInputElement }): void => {
    if (event.key === 'Enter') void add();
    else if (event.key === 'Escape' && text !== '') searchText.set('');
    else if (event.key === 'Escape' || event.key === 'ArrowDown')
      document.querySelector<HTMLElement>('[data-list]')?.focus();
    else return;
    event.preventDefault();
  };
  return (
    <search class="search-field">
      <Icon name="search" />
      <input
        id="search"
        class="field"
        type="search"
        placeholder="Search, or paste a link"
        aria-label="Search transfers and the catalog, or paste a magnet link or the address of a .torrent"
        autocomplete="off"
        spellcheck={false}
        maxLength={1024 * 1024}
        value={text}
        onInput={(event) => searchText.set(event.currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      {source !== undefined && (
        <div class="search-offer">
          <span class="clip">{source.title}</span>
          <button type="button" class="button main" onClick={() => void add()}>
            Add
          </button>
        </div>
      )}
    </search>
  );
}
