// The bar above every view: one field that finds transfers and takes links, and the buttons to add and to share.

import { AddDialog } from '../add/add-dialog.tsx';
import { openDialog } from './dialog.tsx';
import { Icon } from './icons.tsx';
import { go } from './route.ts';
import { SearchField } from './search-field.tsx';
import './top-bar.css';

export function TopBar() {
  return (
    <header class="top-bar">
      <SearchField />
      <button type="button" class="button" onClick={() => openDialog(<AddDialog />)}>
        <Icon name="add" />
        <span>Add</span>
      </button>
      <button type="button" class="button" onClick={() => go(['share'])}>
        <Icon name="share" />
        <span>Share</span>
      </button>
    </header>
  );
}
