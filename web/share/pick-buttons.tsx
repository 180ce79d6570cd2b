// The two buttons by which files or a folder are chosen, for who does not drop them.

import { useRef } from 'preact/hooks';
import { draft } from './draft.ts';
import { pickedOfInput } from './picked.ts';

export function PickButtons() {
  return (
    <>
      <PickButton title="Choose files…" />
      <PickButton title="Choose a folder…" folder />
    </>
  );
}

function PickButton({ title, folder = false }: { title: string; folder?: boolean }) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <button type="button" class="button" onClick={() => input.current?.click()}>
        {title}
      </button>
      <input
        ref={input}
        type="file"
        hidden
        multiple
        aria-label={title}
        {...(folder ? { webkitdirectory: true } : {})}
        onChange={(event) => {
          const picked = pickedOfInput(event.currentTarget.files);
          if (picked !== undefined) draft.set({ kind: 'picked', picked });
          // So that the same can be chosen again.
          event.currentTarget.value = '';
        }}
      />
    </>
  );
}
