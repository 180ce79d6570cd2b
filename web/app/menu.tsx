// A menu at the pointer. Below its actions stands the command that does the same in a shell, so that the page teaches it.

import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { createStore } from '../data/store.ts';
import './menu.css';
import { notify } from './notices.tsx';

export interface MenuItem {
  label: string;
  /** The key that does the same. */
  keys?: string;
  /** The command that does the same. */
  command?: string | undefined;
  dangerous?: boolean;
  disabled?: boolean;
  /** A line above it. */
  apart?: boolean;
  run: () => void;
}

interface Menu {
  title: string;
  x: number;
  y: number;
  items: readonly MenuItem[];
}

const open = createStore<Menu | undefined>(undefined);

/** `x`, `y`: in the window. */
export function openMenu(title: string, x: number, y: number, items: readonly MenuItem[]): void {
  open.set({ title, x, y, items });
}

/** Where menus appear; once, in the page's frame. */
export function MenuHost() {
  const menu = open.use();
  return menu === undefined ? null : <MenuBox key={`${menu.x},${menu.y}`} {...menu} />;
}

function MenuBox({ title, x, y, items }: Menu) {
  const box = useRef<HTMLDivElement>(null);
  const [current, setCurrent] = useState(0);
  const [back] = useState(() => document.activeElement as HTMLElement | null);
  const close = (): void => {
    open.set(undefined);
    back?.focus?.({ preventScroll: true });
  };
  useLayoutEffect(() => {
    const { style, offsetWidth, offsetHeight } = box.current!;
    style.left = `${Math.max(8, Math.min(x, innerWidth - offsetWidth - 8))}px`;
    style.top = `${Math.max(8, Math.min(y, innerHeight - offsetHeight - 8))}px`;
  }, [x, y]);
  // With the frame that shows it: the next key is already the menu's.
  useLayoutEffect(() => box.current?.querySelectorAll('button')[current]?.focus(), [current]);
  useEffect(() => {
    const away = (event: Event): void => {
      if (!box.current?.contains(event.target as Node)) open.set(undefined);
    };
    addEventListener('pointerdown', away, true);
    addEventListener('blur', away);
    return () => {
      removeEventListener('pointerdown', away, true);
      removeEventListener('blur', away);
    };
  }, []);
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) setCurrent((current + step + items.length) % items.length);
    else if (event.key === 'Home') setCurrent(0);
    else if (event.key === 'End') setCurrent(items.length - 1);
    else if (event.key === 'Escape' || event.key === 'Tab') close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const run = (item: MenuItem): void => {
    close();
    item.run();
  };
  const command = items[current]?.command;
  return (
    <div ref={box} class="menu">
      <div role="menu" aria-label={title} tabIndex={-1} onKeyDown={onKeyDown}>
        {items.map((item, index) => (
          <button
            key={item.label}
            type="button"
            role="menuitem"
            tabIndex={index === current ? 0 : -1}
            aria-disabled={item.disabled}
            class={`menu-item${item.dangerous ? ' dangerous' : ''}${item.apart ? ' apart' : ''}`}
            onPointerEnter={() => setCurrent(index)}
            onClick={() => item.disabled !== true && run(item)}
          >
            <span>{item.label}</span>
            {item.keys !== undefined && <kbd>{item.keys}</kbd>}
          </button>
        ))}
      </div>
      <button
        type="button"
        class="menu-command mono"
        tabIndex={-1}
        title={`Copy the command: ${command}`}
        hidden={command === undefined}
        onClick={() => {
          close();
          void navigator.clipboard?.writeText(command!).then(() => notify('Copied the command.'));
        }}
      >
        {command}
      </button>
    </div>
  );
}
