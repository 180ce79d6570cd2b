// The player: a bar below the views, for a film with its picture above. It goes on whatever view is shown.

import { useEffect, useRef } from 'preact/hooks';
import { hrefOf } from '../app/route.ts';
import { useTorrent } from '../data/feed.ts';
import { prefer, preferences } from '../data/preferences.ts';
import { useMediaState } from './media-state.ts';
import { NextTrack } from './next-track.tsx';
import './player.css';
import { type Playing, step, stopPlaying, type Track, usePlaying } from './player.ts';
import { PlayerButton, PlayerButtons } from './player-buttons.tsx';
import { shareText, Timeline } from './timeline.tsx';
import { copyAddress, TroubleNote } from './trouble.tsx';
import { usePlayback } from './use-playback.ts';

/** Seconds that an arrow key moves. */
const STEP = 5;

export default function PlayerBox() {
  const playing = usePlaying();
  return playing === undefined ? null : <Box playing={playing} track={playing.tracks[playing.at]!} />;
}

function Box({ playing, track }: { playing: Playing; track: Track }) {
  const { kind, name, torrent, infoHash } = track;
  const box = useRef<HTMLElement>(null);
  const media = useRef<HTMLVideoElement & HTMLAudioElement>(null);
  const state = useMediaState(media, kind);
  const row = useTorrent(infoHash);
  const { path, trouble, retry } = usePlayback(media, track);
  const { lower, volume, largePicture } = preferences.use();
  const large = kind === 'video' && largePicture;
  const next = playing.tracks[playing.at + 1];
  const toggle = (): void => {
    const element = media.current!;
    if (element.paused) void element.play().catch(() => undefined);
    else element.pause();
  };
  const seek = (seconds: number): void => {
    const { duration } = media.current!;
    if (Number.isFinite(duration)) media.current!.currentTime = Math.min(Math.max(0, seconds), duration);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const target = event.target as HTMLElement;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === ' ' && target.localName !== 'button' && target.localName !== 'a') toggle();
    else if (event.key === 'ArrowLeft') seek(media.current!.currentTime - STEP);
    else if (event.key === 'ArrowRight') seek(media.current!.currentTime + STEP);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  useEffect(() => box.current?.focus({ preventScroll: true }), []);
  useEffect(() => {
    media.current!.volume = volume;
  }, [volume, kind]);
  useEffect(() => tellSystem(track), [track]);
  const Media = kind;
  const figures = [torrent === name ? '' : torrent, placeOf(playing), shareText(row)].filter(Boolean);
  return (
    <section
      ref={box}
      class={`player ${kind}${large ? ' large' : ''}`}
      aria-label="Player"
      tabIndex={-1}
      style={large ? { height: `${lower * 100}%` } : {}}
      onKeyDown={onKeyDown}
    >
      <Media
        key={kind}
        ref={media}
        class="player-media"
        src={path}
        preload="auto"
        aria-label={name}
        onClick={toggle}
        onEnded={() => step(1)}
        onVolumeChange={(event: { currentTarget: HTMLMediaElement }) => prefer({ volume: event.currentTarget.volume })}
      />
      <div class="player-bar">
        <PlayerButtons playing={playing} state={state} onToggle={toggle} />
        <a class="player-name clip" href={hrefOf(['transfers', infoHash, 'files'])} title={name}>
          <bdi>{name}</bdi>
          <span class="quiet small">{figures.join(' · ')}</span>
        </a>
        <Timeline track={track} row={row} state={state} onSeek={seek} />
        <input
          class="player-volume"
          type="range"
          aria-label="Volume"
          min={0}
          max={1}
          step={0.05}
          value={volume}
          onInput={(event) => prefer({ volume: event.currentTarget.valueAsNumber })}
        />
        <div class="player-buttons">
          {path !== undefined && (
            <PlayerButton icon="link" name="Copy the address, for another player" onPress={() => copyAddress(path)} />
          )}
          {kind === 'video' && (
            <PlayerButton
              icon="fold"
              name={large ? 'Small picture' : 'Large picture'}
              onPress={() => prefer({ largePicture: !large })}
            />
          )}
          {kind === 'video' && (
            <PlayerButton icon="full" name="Full screen" onPress={() => void media.current!.requestFullscreen()} />
          )}
          <PlayerButton icon="close" name="Close the player" onPress={stopPlaying} />
        </div>
      </div>
      <div class="player-note small" role="status">
        <TroubleNote {...{ trouble, name, path, row, starved: state.starved, onRetry: retry }} />
      </div>
      {next !== undefined && <NextTrack track={next} state={state} />}
    </section>
  );
}

function placeOf({ tracks, at }: Playing): string {
  return tracks.length > 1 ? `${at + 1} of ${tracks.length}` : '';
}

/** For the keys of the keyboard, and what a locked phone shows. */
function tellSystem({ name, torrent }: Track): void {
  if (!('mediaSession' in navigator)) return;
  navigator.mediaSession.metadata = new MediaMetadata({ title: name, album: torrent });
  navigator.mediaSession.setActionHandler('nexttrack', () => step(1));
  navigator.mediaSession.setActionHandler('previoustrack', () => step(-1));
}
