// Whether the screen is a narrow one.

import { useEffect, useState } from 'preact/hooks';

const screen = matchMedia('(max-width: 719px)');

export function useNarrow(): boolean {
  const [narrow, setNarrow] = useState(screen.matches);
  useEffect(() => {
    const look = (): void => setNarrow(screen.matches);
    screen.addEventListener('change', look);
    return () => screen.removeEventListener('change', look);
  }, []);
  return narrow;
}
