// Speed limits for parts of the week: one line a rule, taken over as soon as a field of it is left.

import { Icon } from '../app/icons.tsx';
import { clockOf, DAYS, minutesOf, NEW_RULE, type Rule, rateOf, withDay, withRate } from './schedule-rules.ts';
import { SettingRow } from './setting-row.tsx';
import { TextInput } from './text-input.tsx';
import { useDraft, useSetting } from './use-setting.ts';

export function Schedule() {
  const setting = useSetting('schedule');
  const value = setting?.value;
  const [draft, setDraft] = useDraft<readonly Rule[]>(value);
  if (setting === undefined || value === undefined) return null;
  const { lockedBy, note, save, refuse } = setting;
  const rules = draft ?? value;
  const set = async (next: readonly Rule[]): Promise<void> => {
    setDraft(next);
    if (!(await save([...next]))) setDraft((now) => (now === next ? undefined : now));
  };
  const change = (at: number, rule: Rule | undefined): void => {
    if (rule === undefined) refuse('Write it like 500K or 2M; 0: no limit, empty: as without the rule.');
    else void set(rules.with(at, rule));
  };
  const isLocked = lockedBy !== undefined;
  return (
    <SettingRow
      id="setting-schedule"
      label="By time of day"
      group
      hint="The first rule that holds counts. Times are those of the daemon's clock."
      lockedBy={lockedBy}
      note={note}
    >
      <div class="schedule">
        {rules.map((rule, at) => (
          <RuleLine
            key={at}
            rule={rule}
            number={at + 1}
            isLocked={isLocked}
            onChange={(changed) => change(at, changed)}
            onRemove={() => void set(rules.toSpliced(at, 1))}
          />
        ))}
        <button type="button" class="button" disabled={isLocked} onClick={() => void set([...rules, NEW_RULE])}>
          Add a rule
        </button>
      </div>
    </SettingRow>
  );
}

interface RuleLineProps {
  rule: Rule;
  number: number;
  isLocked: boolean;
  onChange: (rule: Rule | undefined) => void;
  onRemove: () => void;
}

function RuleLine({ rule, number, isLocked, onChange, onRemove }: RuleLineProps) {
  const time = (name: 'from' | 'to') => (
    <TextInput
      type="time"
      aria-label={name === 'from' ? 'From' : 'Until'}
      text={clockOf(rule[name])}
      onBlur={(event) => {
        const minutes = minutesOf(event.currentTarget.value, name === 'to');
        if (minutes !== undefined && minutes !== rule[name]) onChange({ ...rule, [name]: minutes });
      }}
    />
  );
  const rate = (name: 'down' | 'up', label: string) => (
    <span>
      {label}{' '}
      <TextInput
        class="schedule-rate"
        aria-label={label}
        placeholder="usual"
        text={rateOf(rule, name)}
        onChange={(event) => onChange(withRate(rule, name, event.currentTarget.value))}
      />
    </span>
  );
  return (
    <fieldset class="schedule-rule" disabled={isLocked}>
      <legend class="unseen">Rule {number}</legend>
      <div class="schedule-days">
        {DAYS.map(([day, name]) => (
          <label key={day}>
            <input
              type="checkbox"
              checked={rule.days.includes(day)}
              disabled={rule.days.length === 1 && rule.days[0] === day}
              onChange={(event) => onChange(withDay(rule, day, event.currentTarget.checked))}
            />
            <span>{name}</span>
          </label>
        ))}
      </div>
      <div class="schedule-times">
        {time('from')} – {time('to')}
      </div>
      {rate('down', 'Down')}
      {rate('up', 'Up')}
      <button type="button" class="button plain" aria-label={`Remove rule ${number}`} onClick={onRemove}>
        <Icon name="close" />
      </button>
    </fieldset>
  );
}
