// A field that shows what is set and lets one write in peace: what is written is touched only when what is set changes.

import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

export function TextInput({ text, ...rest }: JSX.IntrinsicElements['input'] & { text: string }) {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    input.current!.value = text;
  }, [text]);
  return <input {...rest} ref={input} class={`field ${rest.class ?? ''}`} />;
}
