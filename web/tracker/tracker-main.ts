// Starts the catalog of a tracker over the list that the tracker serves without scripts. Styles come with the second part, so
// that the list keeps its own until they are here.

void import('./tracker-page.tsx').then(({ start }) => start());
