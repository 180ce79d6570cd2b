// Bars as SVG, for pages that show results: readable in light and dark, no script, no font of its own.

export interface Bar {
  label: string;
  value: number;
  /** Ours among others. */
  own: boolean;
}

const WIDTH = 720;
const LABEL = 190;
const ROW = 30;
const TOP = 44;

function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}

/** Horizontal bars from zero; `unit` stands behind each number. */
export function drawBars(title: string, unit: string, bars: readonly Bar[]): string {
  const most = Math.max(...bars.map((bar) => bar.value), Number.MIN_VALUE);
  const height = TOP + bars.length * ROW + 10;
  const room = WIDTH - LABEL - 130;
  const rows = bars.map(({ label, value, own }, i) => {
    const y = TOP + i * ROW;
    const width = Math.max(1, (value / most) * room).toFixed(1);
    const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
    return [
      `<text x="${LABEL - 10}" y="${y + 15}" text-anchor="end">${escapeText(label)}</text>`,
      `<rect class="${own ? 'own' : 'other'}" x="${LABEL}" y="${y}" width="${width}" height="20" rx="2"/>`,
      `<text x="${(LABEL + Number(width) + 8).toFixed(1)}" y="${y + 15}">${value.toFixed(digits)} ${escapeText(unit)}</text>`,
    ].join('\n');
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escapeText(title)}">
<style>
text { font: 14px system-ui, sans-serif; fill: #1c2733; }
.title { font-weight: 600; font-size: 15px; }
.own { fill: #0b7285; }
.other { fill: #adb5bd; }
@media (prefers-color-scheme: dark) { text { fill: #e6edf3; } .own { fill: #3bc9db; } .other { fill: #5c6773; } }
</style>
<text class="title" x="0" y="20">${escapeText(title)}</text>
${rows.join('\n')}
</svg>
`;
}
