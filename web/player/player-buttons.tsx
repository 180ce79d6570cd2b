// The buttons of the player.

import { Icon, type IconName } from '../app/icons.tsx';
import type { MediaState } from './media-state.ts';
import { type Playing, step } from './player.ts';

export interface PlayerButtonsProps {
  playing: Playing;
  state: MediaState;
  onToggle: () => void;
}

export function PlayerButtons({ playing: { tracks, at }, state, onToggle }: PlayerButtonsProps) {
  return (
    <div class="player-buttons">
      {tracks.length > 1 && (
        <PlayerButton icon="previous" name="Previous file" disabled={at === 0} onPress={() => step(-1)} />
      )}
      <PlayerButton
        icon={state.paused ? 'play' : 'pause'}
        name={state.paused ? 'Play' : 'Pause playing'}
        onPress={onToggle}
      />
      {tracks.length > 1 && (
        <PlayerButton icon="next" name="Next file" disabled={at === tracks.length - 1} onPress={() => step(1)} />
      )}
    </div>
  );
}

export interface PlayerButtonProps {
  icon: IconName;
  name: string;
  disabled?: boolean;
  onPress: () => void;
}

export function PlayerButton({ icon, name, disabled = false, onPress }: PlayerButtonProps) {
  return (
    <button type="button" class="button plain" aria-label={name} title={name} disabled={disabled} onClick={onPress}>
      <Icon name={icon} />
    </button>
  );
}
