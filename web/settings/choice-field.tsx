// One of a few, all of which are seen: for what this browser remembers.

export interface ChoiceFieldProps<T extends string> {
  label: string;
  hint: string;
  /** Value and word. */
  choices: readonly (readonly [T, string])[];
  value: T;
  onChoose: (value: T) => void;
}

export function ChoiceField<T extends string>({ label, hint, choices, value, onChoose }: ChoiceFieldProps<T>) {
  return (
    <fieldset class="setting">
      <legend class="unseen">{label}</legend>
      <span class="setting-label" aria-hidden="true">
        {label}
      </span>
      <div class="setting-control setting-choices">
        {choices.map(([each, word]) => (
          <label key={each}>
            <input type="radio" name={label} checked={each === value} onChange={() => onChoose(each)} />
            <span>{word}</span>
          </label>
        ))}
      </div>
      <p class="setting-hint small quiet">{hint}</p>
    </fieldset>
  );
}
