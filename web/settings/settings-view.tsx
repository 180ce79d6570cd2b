// The settings: what the daemon does, changed at once and said so, and how this browser shows it.

import type { ComponentChildren } from 'preact';
import { useFeed } from '../data/feed.ts';
import { Appearance } from './appearance.tsx';
import { FlagField } from './flag-field.tsx';
import { PathField } from './path-field.tsx';
import { Connections, Places } from './places.tsx';
import { CONNECTIONS, GOALS, QUEUE, type Quantity, SLOWER, SPEED } from './quantities.ts';
import { QuantityField } from './quantity-field.tsx';
import { Schedule } from './schedule.tsx';
import './settings.css';
import { ThisBrowser } from './this-browser.tsx';

export default function SettingsView() {
  const known = useFeed(({ session }) => session !== undefined);
  return (
    <div class="settings">
      <h1 class="unseen">Settings</h1>
      {known && (
        <>
          <Section title="Speed" about="Empty: no limit. Each transfer can have its own limits as well.">
            <Quantities quantities={SPEED} />
            <FlagField name="limitLan" label="Limit the local network" hint="Else its peers are as fast as they can." />
            <Schedule />
            <FlagField
              name="alternative"
              label="Slower for now"
              hint="The two limits below hold in place of those above."
            />
            <Quantities quantities={SLOWER} />
          </Section>
          <Section title="Queue" about="How many run at a time.">
            <Quantities quantities={QUEUE} />
            <FlagField name="startAdded" label="Start what is added" hint="Else it waits until it is resumed." />
          </Section>
          <Section title="Seeding goals" about="Whatever comes first. Each transfer can have its own.">
            <Quantities quantities={GOALS} />
          </Section>
        </>
      )}
      <Section title="Appearance" about="In this browser.">
        <Appearance />
      </Section>
      {known && (
        <>
          <Section title="Directories" about="Where data may be.">
            <PathField name="moveTo" label="Move when complete to" hint="Below an allowed directory." none="it stays" />
            <PathField
              name="watch"
              label="Watched folder"
              hint="What .torrent and .magnet files in it name is added."
              none="none"
            />
            <Places />
          </Section>
          <Section title="Connections" about="How others find it.">
            <Quantities quantities={CONNECTIONS} />
            <Connections />
          </Section>
        </>
      )}
      <Section title="Access" about="Who opens this page needs the daemon's token once.">
        <ThisBrowser />
      </Section>
    </div>
  );
}

function Section({ title, about, children }: { title: string; about: string; children: ComponentChildren }) {
  return (
    <section class="settings-section" aria-label={title}>
      <header>
        <h2>{title}</h2>
        <p class="quiet small">{about}</p>
      </header>
      <div>{children}</div>
    </section>
  );
}

function Quantities({ quantities }: { quantities: readonly Quantity[] }) {
  return (
    <>
      {quantities.map((quantity) => (
        <QuantityField key={quantity.name} quantity={quantity} />
      ))}
    </>
  );
}
