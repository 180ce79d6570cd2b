// Files in folders; a click folds a folder.

import { useState } from 'preact/hooks';
import { formatPercent, formatSize } from '../../src/base/quantity.ts';
import { Icon } from '../app/icons.tsx';
import './file-tree.css';
import { type FileRow, linesOf, type TreeLine } from './folders.ts';

export function FileTree({ files }: { files: readonly FileRow[] }) {
  const [folded, setFolded] = useState<ReadonlySet<string>>(new Set());
  const toggle = (path: string): void => {
    const next = new Set(folded);
    if (!next.delete(path)) next.add(path);
    setFolded(next);
  };
  return (
    <table class="figures file-tree">
      <thead>
        <tr>
          <th scope="col">File</th>
          <th scope="col" class="number">
            Here
          </th>
          <th scope="col" class="number">
            Size
          </th>
        </tr>
      </thead>
      <tbody>
        {linesOf(files, folded).map((line) => (
          <TreeRow
            key={line.kind === 'folder' ? `/${line.path}` : line.file.index}
            line={line}
            folded={line.kind === 'folder' && folded.has(line.path)}
            onToggle={toggle}
          />
        ))}
      </tbody>
    </table>
  );
}

function TreeRow(props: { line: TreeLine; folded: boolean; onToggle: (path: string) => void }) {
  const { line, folded, onToggle } = props;
  const { size, have } = line.kind === 'folder' ? line : line.file;
  return (
    <tr>
      <td class="wide" style={{ paddingLeft: `${16 + line.depth * 18}px` }}>
        {line.kind === 'folder' ? (
          <button type="button" class="tree-folder" aria-expanded={!folded} onClick={() => onToggle(line.path)}>
            <Icon name="fold" />
            <bdi>{line.name}</bdi>
          </button>
        ) : (
          <bdi title={line.file.path}>{line.name}</bdi>
        )}
      </td>
      <td class="number">{formatPercent(have, size)}</td>
      <td class="number">{formatSize(size)}</td>
    </tr>
  );
}
