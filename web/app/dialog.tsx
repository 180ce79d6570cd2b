// One dialog at a time over the page. The browser keeps the focus in it, closes it with Escape and gives the focus back.

import type { ComponentChild, ComponentChildren } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { createStore } from '../data/store.ts';
import './dialog.css';

const shown = createStore<ComponentChild>(undefined);

export function openDialog(dialog: ComponentChild): void {
  shown.set(dialog);
}

export function closeDialog(): void {
  shown.set(undefined);
}

export function isDialogOpen(): boolean {
  return shown.get() !== undefined;
}

/** Where dialogs appear; once, in the page's frame. */
export function DialogHost() {
  return shown.use() ?? null;
}

export interface DialogProps {
  title: string;
  children: ComponentChildren;
  /** Wider than a question needs. */
  wide?: boolean;
  /** What Enter does. */
  onSubmit?: () => void;
}

export function Dialog({ title, children, wide = false, onSubmit }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  // With the frame that shows it: the next key is already the dialog's.
  useLayoutEffect(() => element.current?.showModal(), []);
  return (
    <dialog
      ref={element}
      class={wide ? 'dialog wide' : 'dialog'}
      aria-labelledby="dialog-title"
      onClose={closeDialog}
      onPointerDown={(event) => {
        if (event.target === element.current) element.current?.close();
      }}
    >
      <form
        method="dialog"
        onSubmit={(event) => {
          event.preventDefault();
          onSubmit?.();
        }}
      >
        <h2 id="dialog-title">{title}</h2>
        {children}
      </form>
    </dialog>
  );
}

/** The row of buttons at the end of a dialog. */
export function DialogButtons({ children }: { children: ComponentChildren }) {
  return (
    <div class="dialog-buttons">
      <button type="button" class="button" onClick={closeDialog}>
        Cancel
      </button>
      {children}
    </div>
  );
}
