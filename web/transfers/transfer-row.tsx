// One transfer in the list. Draws itself anew only when something of it changed.

import { Component } from 'preact';
import type { TorrentRow } from '../../src/api/daemon-schemas.ts';
import { formatPercent, formatRate, formatSize } from '../../src/base/quantity.ts';
import { useStrip } from '../data/strips.ts';
import { formatRatio } from '../format/ratio.ts';
import { When } from '../format/when.tsx';
import { Strip } from '../strip/strip.tsx';
import { statusSentence } from './status-sentence.ts';

export interface TransferRowProps {
  row: TorrentRow;
  /** Place in the list, from 1. */
  place: number;
  selected: boolean;
  /** The one that is looked at. */
  current: boolean;
}

export class TransferRow extends Component<TransferRowProps> {
  override shouldComponentUpdate(next: TransferRowProps): boolean {
    const { row, place, selected, current } = this.props;
    return place !== next.place || selected !== next.selected || current !== next.current || differs(row, next.row);
  }

  override render({ row, place, selected, current }: TransferRowProps) {
    const { infoHash, name, labels, size, have, down, up, peers, uploaded, added } = row;
    return (
      <div
        id={`row-${infoHash}`}
        role="row"
        aria-rowindex={place}
        aria-selected={selected}
        class={`transfer${current ? ' current' : ''}${isNew(added) ? ' new' : ''}`}
        data-hash={infoHash}
      >
        <div role="gridcell" class="transfer-name" title={name}>
          <bdi class="clip">{name}</bdi>
          {labels.map((label) => (
            <span key={label} class="transfer-label">
              {label}
            </span>
          ))}
        </div>
        <Progress row={row} />
        <div role="gridcell" class="number">
          {down > 0 && <span class="unseen">down </span>}
          {down > 0 ? formatRate(down) : ''}
        </div>
        <div role="gridcell" class="number">
          {up > 0 ? formatRate(up) : ''}
        </div>
        <div role="gridcell" class="number">
          {peers > 0 ? peers : ''}
        </div>
        <div role="gridcell" class="number" title={`${formatSize(have)} of it here, ${formatPercent(have, size)}`}>
          {size > 0 ? formatSize(size) : ''}
        </div>
        <div role="gridcell" class="number">
          {uploaded > 0 ? formatRatio(uploaded, size) : ''}
        </div>
        <div role="gridcell" class="number quiet">
          <When at={added} />
        </div>
      </div>
    );
  }
}

function Progress({ row }: { row: TorrentRow }) {
  const { infoHash, size, have, wanted, state, down, up, peers } = row;
  const strip = useStrip(row);
  const percent = size > 0 ? formatPercent(have, wanted) : '';
  const roomy = down === 0 && up === 0 ? (peers === 0 ? ' roomy more' : ' roomy') : '';
  const { text, tone } = statusSentence(row, strip);
  return (
    <>
      <div role="gridcell" class="transfer-progress">
        <Strip
          cells={strip?.cells}
          of={infoHash}
          label={`${percent} here`}
          quiet={have === wanted && state !== 'failed'}
        />
        <span class="number">{percent}</span>
      </div>
      <div role="gridcell" class={`transfer-status clip ${tone}${roomy}`} title={text}>
        {text}
      </div>
    </>
  );
}

/** Milliseconds for which a transfer has just come. */
const NEW = 3_000;

function isNew(added: number): boolean {
  const age = Date.now() - added;
  return age >= 0 && age < NEW;
}

function differs(a: TorrentRow, b: TorrentRow): boolean {
  for (const key of Object.keys(b) as (keyof TorrentRow)[]) {
    const [was, is] = [a[key], b[key]];
    if (was === is) continue;
    if (typeof is !== 'object' || JSON.stringify(was) !== JSON.stringify(is)) return true;
  }
  return false;
}
