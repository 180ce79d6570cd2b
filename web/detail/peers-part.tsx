// Who a transfer is connected to: address, client, what each has, rates, and the four flags in words.

import type { PeerRow } from '../../src/api/daemon-schemas.ts';
import { formatPercent, formatRate, formatSize } from '../../src/base/quantity.ts';
import { api } from '../data/api.ts';
import { usePoll } from '../data/poll.ts';
import { Strip } from '../strip/strip.tsx';
import { useDetailTorrent } from './detail-torrent.ts';
import { peerCells } from './peer-cells.ts';
import { flagsOf, wordsOf } from './peer-flags.ts';
import './peers-part.css';

/** Columns of a peer's strip, and milliseconds from one to the next. */
const GROUPS = 120;
const SWARM_EVERY = 3_000;

export function PeersPart() {
  const { infoHash, state } = useDetailTorrent();
  const { value, failure } = usePoll(infoHash, 1_000, (signal) => api.peers({ params: { infoHash }, signal }));
  const { value: swarm } = usePoll(infoHash, SWARM_EVERY, (signal) =>
    api.swarm({ params: { infoHash }, query: { groups: GROUPS }, signal }),
  );
  if (value === undefined) return failure === undefined ? null : <p class="detail-note">{failure.message}</p>;
  if (value.peers.length === 0)
    return <p class="detail-note">{state === 'paused' ? 'It is paused.' : 'Connected to nobody.'}</p>;
  const peers = value.peers.toSorted((a, b) => b.down + b.up - (a.down + a.up) || a.address.localeCompare(b.address));
  const haves = new Map(swarm?.rows.map(({ address, have }) => [address, have]));
  return (
    <table class="figures folding peers-part">
      <thead>
        <tr>
          <th scope="col">Address</th>
          <th scope="col">Client</th>
          <th scope="col">Has</th>
          <th scope="col" class="number">
            Down
          </th>
          <th scope="col" class="number">
            Up
          </th>
          <th scope="col" class="number">
            Got
          </th>
          <th scope="col" class="number">
            Gave
          </th>
          <th scope="col">State</th>
        </tr>
      </thead>
      <tbody>
        {peers.map((peer) => (
          <PeerLine key={peer.address} peer={peer} have={haves.get(peer.address)} pieceCount={value.pieceCount} />
        ))}
      </tbody>
    </table>
  );
}

interface PeerLineProps {
  peer: PeerRow;
  /** Of each group of pieces, 0 to 255; undefined until it is known. */
  have: readonly number[] | undefined;
  pieceCount: number;
}

function PeerLine({ peer, have, pieceCount }: PeerLineProps) {
  const { address, client, pieces, down, up, downloaded, uploaded, outgoing } = peer;
  const share = pieceCount > 0 ? formatPercent(pieces, pieceCount) : '';
  return (
    <tr>
      <td class="mono" title={outgoing ? 'Dialled by us' : 'Dialled us'}>
        <span aria-hidden="true">{outgoing ? '→' : '←'}</span> {address}
      </td>
      <td class="wide">
        <bdi>{client === '' ? <span class="quiet">not said</span> : client}</bdi>
      </td>
      <td>
        <span class="share-bar peer-has">
          <Strip cells={have && peerCells(have)} of={address} label={`has ${share}`} />
          <span class="number">{share}</span>
        </span>
      </td>
      <td class="number" data-of="↓">
        {down >= 1 ? formatRate(down) : ''}
      </td>
      <td class="number" data-of="↑">
        {up >= 1 ? formatRate(up) : ''}
      </td>
      <td class="number" data-of="got">
        {downloaded > 0 ? formatSize(downloaded) : ''}
      </td>
      <td class="number" data-of="gave">
        {uploaded > 0 ? formatSize(uploaded) : ''}
      </td>
      <td class="quiet small" title={flagsOf(peer)}>
        {wordsOf(peer)}
      </td>
    </tr>
  );
}
