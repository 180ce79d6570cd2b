// What stands in the search field, for the views that look for it.

import { createStore } from '../data/store.ts';

export const searchText = createStore('');
