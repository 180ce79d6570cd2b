// Tabs as the ARIA practices have them: arrow keys go from one to the next, and one stands for all in the tab order.

import './tab-list.css';

export interface TabListProps {
  parts: readonly { name: string; title: string }[];
  current: string;
  onShow: (name: string) => void;
}

export function TabList({ parts, current, onShow }: TabListProps) {
  const onKeyDown = (event: KeyboardEvent & { currentTarget: HTMLElement }): void => {
    const at = parts.findIndex(({ name }) => name === current);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: parts.length - 1 }[event.key];
    const next = to === undefined ? undefined : parts[(to + parts.length) % parts.length];
    if (next === undefined) return;
    event.preventDefault();
    onShow(next.name);
    event.currentTarget.querySelector<HTMLElement>(`#tab-${next.name}`)?.focus();
  };
  return (
    <div class="tab-list" role="tablist" aria-label="Parts of the details" tabIndex={-1} onKeyDown={onKeyDown}>
      {parts.map(({ name, title }) => (
        <button
          key={name}
          id={`tab-${name}`}
          type="button"
          role="tab"
          aria-selected={name === current}
          aria-controls="detail-part"
          tabIndex={name === current ? 0 : -1}
          onClick={() => onShow(name)}
        >
          {title}
        </button>
      ))}
    </div>
  );
}
